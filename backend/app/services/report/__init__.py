"""Reports of comparisons and matrices: what was asked and what came out, as Markdown, HTML and figures.

It must not compute again what comparisons, results and matrices say: it words and draws that.
"""

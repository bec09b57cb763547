"""Reports of comparisons: what was asked, how it was measured, what came out, as Markdown, HTML and figures.

Computes no number: it words and draws what comparisons, results and matrices say.
"""

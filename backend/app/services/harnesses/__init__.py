"""Results of other harnesses: reading their logs, and storing them as experiments that are never run.

It must not run anything, and knows nothing of comparisons, reports or the command line.
"""

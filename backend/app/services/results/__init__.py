"""Reading results: metrics, runs, maps of runs, exports.

It must not write, and knows nothing of how runs are made.
"""

"""Reading results: metrics, runs, the map of runs, exports.

It reads only, and must not know how runs are made.
"""

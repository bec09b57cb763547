"""What experiments have produced: metrics, lists of runs, single runs, the map of runs, exports.

It reads only, and knows nothing of running or comparing experiments.
"""

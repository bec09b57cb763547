"""Datasets: import, versions by content, sampling by seed.

It must not know experiments, or how answers are made.
"""

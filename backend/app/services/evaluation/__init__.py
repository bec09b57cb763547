"""Evaluation: normalisation, scorers, judges of faithfulness, metrics, statistics.

It must not know web, database or methods, and decides nothing about experiments: what a scorer needs from
outside is handed in.
"""

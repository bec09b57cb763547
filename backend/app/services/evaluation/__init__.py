"""Evaluation: normalisation, scorers, judges of faithfulness, metrics and their statistics.

It must not know the database, the queue or the web: what a scorer needs from outside is handed in.
"""

"""Judging predictions: normalisation, scorers, metrics and their statistics. No I/O."""

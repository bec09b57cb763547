"""Experiments: resolved, validated, created, listed, watched, cancelled, aggregated.

It must not start work or call a model: that is execution's.
"""

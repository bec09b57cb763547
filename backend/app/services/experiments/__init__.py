"""Experiments: resolved, validated, created, listed, watched, cancelled, aggregated.

It owns the tables of experiments and results. It must not start work or call a model: that is ``execution``.
"""

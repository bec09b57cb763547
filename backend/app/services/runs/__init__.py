"""Stored runs, results and cached answers: SQL and nothing else.

It must not score, aggregate or commit.
"""

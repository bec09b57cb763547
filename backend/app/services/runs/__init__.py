"""Stored runs and the response cache: SQL and nothing else.

It owns the tables of runs and generations. It must not score, aggregate or commit.
"""

"""Stored runs, results of aggregation and cached answers: SQL and nothing else.

It must not decide anything: no scoring, no aggregation, no commits.
"""

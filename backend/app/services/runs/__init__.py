"""Stored runs, results and cached answers: SQL and nothing else.

It must not decide anything: no scoring, no aggregation, no commits.
"""

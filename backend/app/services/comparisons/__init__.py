"""Experiments against a baseline: pairing, differences with tests, verdicts, questions side by side.

It must not run experiments; pairing and comparing are pure functions on arrays.
"""

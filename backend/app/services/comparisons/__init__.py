"""Experiments against each other: pairing, differences with tests, verdicts, examples side by side.

It must not run experiments; pairing and comparing are pure functions on arrays.
"""

"""Experiments against each other: pairing, differences with tests, verdicts, examples side by side.

Pairing and comparing are pure functions on arrays; it must not run experiments.
"""

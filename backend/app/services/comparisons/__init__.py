"""Experiments against a baseline: pairing, differences with tests, verdicts, questions side by side.

Pairing and comparing are pure functions on arrays. Nothing here runs an experiment.
"""

"""Prompts, parsing, and the ways to turn an example into a prediction.

It must not know web, database, or how an experiment is run.
"""

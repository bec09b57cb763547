"""Scorings: stored outputs are scored again, without asking a method's model.

What a scoring is asked for, the work on it, and what became of each score.
"""

"""Scorings: what is asked for, the work on stored outputs, and what became of each score.

It must not ask the model of a method, nor change a run.
"""

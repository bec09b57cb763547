"""Optimisation matrices: methods × ways to run them, trial by trial, and what each way is worth.

It must not do the work on trials: each is an ordinary experiment.
"""

"""Experiments written as the logs of other harnesses, one module for each format.

They read runs as exports give them, and must not know HTTP, nor compute scores.
"""

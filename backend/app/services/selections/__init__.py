"""Datasets of questions that a filter has selected.

Owns what turns the filter of a list of runs, or of a comparison, into a dataset that names where it is from.
"""

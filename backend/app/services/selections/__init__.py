"""Datasets of the questions that a filter has selected: of an experiment's runs, or of a comparison.

It must not change the dataset that the questions are from: the new one names it, and the filter.
"""

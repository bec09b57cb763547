"""Judges of faithfulness: whether an answer follows from the passages that the model saw."""

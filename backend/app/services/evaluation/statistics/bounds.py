"""The bounds of an interval; apart from what computes them, which takes time to import."""

Bounds = tuple[float, float]
"""The lower and the upper bound."""

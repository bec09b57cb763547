"""Sizes of figures, in inches."""

WIDTH = 7.2
"""Of all figures: that of a page."""
ROW_HEIGHT = 0.42
"""Of one line of a chart."""
AROUND = 1.25
"""Of title, axis and its label."""

"""Figures: first prepared, without a plotting library, then drawn in every theme and file format."""

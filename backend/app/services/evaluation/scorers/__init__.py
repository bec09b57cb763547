"""Scorers: from an answered example to scores. ``registry`` lists them all."""

"""Experiments: described, run, watched, aggregated, exported."""

"""Metrics of an experiment, computed from its stored runs, and how they are described to readers."""

"""Tests of optimisation matrices."""

"""Datasets: imported once, versioned by content, sampled by seed."""

"""Experiments as described: validation, creation, preview, provenance, watching, aggregation.

It must not do the work on them: that is execution's.
"""

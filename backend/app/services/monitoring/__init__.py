"""The state of the platform: health of its parts, counts for the overview, checks of models.

It reads only.
"""

"""The state of the platform: health of its parts, the overview, whether a model can be used.

It reads only.
"""

"""How many calls are in flight at once, and how fast they start.

It must not make calls itself, nor know engines.
"""

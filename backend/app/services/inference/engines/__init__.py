"""Engines: one module for each protocol in which generation requests are answered.

Engines do not retry, limit or cache: that is done once, around them. ``registry`` lists them.
"""

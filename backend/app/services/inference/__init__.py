"""Talking to models: engines, the catalog that names them, and retry, limiter and cache around them.

It must not know web, database, or what is asked.
"""

"""The Wikipedia client: requests and their intervals, the cache on disk, articles as sections.

It must not know agents, methods or the database.
"""

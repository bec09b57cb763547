"""The client of Wikipedia: requests, their pacing, the cache on disk, articles as sections.

It must not know agents, methods or the database.
"""

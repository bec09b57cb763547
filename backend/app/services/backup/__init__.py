"""Backups of the database: written to one file, restored from it, or moved to another database.

It knows tables by name and copies their rows as they are; what the rows mean is no business of it.
"""

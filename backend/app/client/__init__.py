"""The API as Python programs use it: requests, events, and the files that say what is asked for.

It knows of the platform its schemas, its settings and whether it runs; it must not end the process.
"""

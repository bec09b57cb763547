"""When a request may start: how many are in flight at once, and how often one starts.

It must not send requests itself, nor know engines.
"""

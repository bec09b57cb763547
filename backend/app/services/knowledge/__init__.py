"""Knowledge bases: import, versions by content, indexes, and the processes that build and search them.

It must not know experiments or methods.
"""

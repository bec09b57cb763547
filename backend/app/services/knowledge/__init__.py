"""Knowledge bases: import, versions by content, their indexes, the processes that search them.

It must not know experiments or methods.
"""

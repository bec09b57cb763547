"""One module an engine: whatever answers generation requests, in its own protocol.

Engines must not retry, limit or cache: that is done once, around them.
"""

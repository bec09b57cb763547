"""Talking to models: engines, the catalog that names them, and retry, limit and cache around them."""

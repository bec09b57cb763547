"""Encoder models that run in this process: finding their files, and making them fast.

It must not know what they are used for: retrieval, reranking or judging.
"""

"""Encoder models that run in this process: where their files come from, and how they are made fast.

It must not know what they are used for: retrieval, reranking or judging.
"""

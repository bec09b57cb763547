"""Retrieval: chunking, embedding, indexes, the three variants, reranking.

It must not know web, database, methods or agents.
"""

"""Retrieval: chunking, embedding, the index, its three variants, reranking.

It must not know web, database, methods or agents.
"""

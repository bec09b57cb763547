"""Retrieval: chunks of a knowledge base, found by meaning and by words, for a method to read."""

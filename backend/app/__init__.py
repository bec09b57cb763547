"""LlmForge: a lab for choosing how to use a language model, with evidence."""

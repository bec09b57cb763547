"""The tools of ``llmforge mcp``, with which an assistant reads experiments (Model Context Protocol).

It reads the platform's API and nothing else, and has no tool that changes anything. It is imported by that
command alone, since the protocol's package takes long to import.
"""

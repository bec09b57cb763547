"""The ReAct agent: its loop, the formats of its steps, its tools, and which observations were of use.

It must not know web, database, methods or evaluation.
"""

"""The work on experiments: dispatching, lease, executor, writer, progress, recovery of lost work.

It must not know HTTP, and nothing else may write runs.
"""

"""The work on experiments, from the queue to the stored run: dispatcher, lease, executor, writer, recovery.

It must not know HTTP, and no other room starts work or writes runs.
"""

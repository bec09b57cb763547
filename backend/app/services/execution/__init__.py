"""The work on one experiment: executor, writer, progress, and putting lost experiments back on the queue.

It must not know HTTP, and no other room may start work on an experiment.
"""

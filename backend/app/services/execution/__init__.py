"""The work on one experiment: dispatching it, the lease, the executor, the writer, and recovery.

It owns everything from the queue to the stored run. It must not know HTTP, and no other room starts work
or writes runs.
"""

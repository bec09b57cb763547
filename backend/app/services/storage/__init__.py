"""What takes space, and removing what nothing needs any more: rows, indexes, rotated logs, old backups.

It knows what refers to what, and never removes what an experiment that is shown needs.
"""

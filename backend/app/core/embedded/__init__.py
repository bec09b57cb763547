"""Servers that run on the user's machine without any installation: Postgres and Valkey."""

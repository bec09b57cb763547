"""Servers that come as Python packages and need no installation: Postgres and Valkey."""

"""Fixtures of the tests of worker processes."""

from tests.tasks.endpoint import endpoint

__all__ = ["endpoint"]

"""The interface between methods and retrieval."""

from typing import Protocol

from app.domain.passages import Retrieval


class Retriever(Protocol):
    """Finds passages for a query."""

    async def retrieve(self, query: str) -> Retrieval:
        """Return the passages, best first."""
        ...

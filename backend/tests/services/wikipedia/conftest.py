"""Fixtures of the tests of Wikipedia's client."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app.services.wikipedia.client import WikipediaClient, WikipediaUnreachable
from tests.fixtures.fake_wikipedia import FakeWikipedia
from tests.fixtures.wiki import direct, wiki

__all__ = ["direct", "wiki"]  # fixtures

Connect = Callable[..., WikipediaClient]


@pytest.fixture
async def connect(wiki: FakeWikipedia, tmp_path: Path) -> AsyncIterator[Connect]:
    """Opens a client of the wiki without a pause; arguments by name."""
    clients: list[WikipediaClient] = []

    def open_(**arguments: Any) -> WikipediaClient:
        usual = {"base_url": wiki.url, "cache_dir": tmp_path / "a cache", "pause_s": 0.0, "timeout_s": 5.0}
        usual["backoff_s"] = 0.0
        clients.append(WikipediaClient(**{**usual, **arguments}))
        return clients[-1]

    yield open_
    for client in clients:
        await client.__aexit__()


def kept(folder: Path) -> list[Path]:
    """Return the files of the cache."""
    return sorted((folder / "a cache").glob("*/*"))


async def refused(call: Awaitable[object]) -> str:
    """Return why a call finds Wikipedia out of reach."""
    with pytest.raises(WikipediaUnreachable) as caught:
        await call
    return str(caught.value)

"""Wikipedia as a tool, over real HTTP against a stand-in of its API."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.services.agent.tools.wikipedia import WikipediaTool
from app.services.wikipedia.client import WikipediaClient
from tests.fixtures.fake_wikipedia import CUT, HANG, FakeWikipedia
from tests.fixtures.wiki import direct, wiki

__all__ = ["direct", "wiki"]  # fixtures
pytestmark = pytest.mark.usefixtures("direct")


def open_client(wiki: FakeWikipedia, folder: Path) -> WikipediaClient:
    """Return a client that pauses for nothing."""
    return WikipediaClient(base_url=wiki.url, cache_dir=folder, pause_s=0.0, backoff_s=0.0)


@pytest.fixture
async def tool(wiki: FakeWikipedia, tmp_path: Path) -> AsyncIterator[WikipediaTool]:
    async with open_client(wiki, tmp_path / "a cache") as client:
        yield WikipediaTool(client)


@pytest.mark.parametrize("query", ["Hamlet", "hamlet", "Prince of Denmark", " Hamlet "])
async def test_first_paragraph_under_the_real_title(tool: WikipediaTool, query: str) -> None:
    result = await tool.execute({"query": query})
    assert (result.text, result.success, result.error) == ("Hamlet: A tragedy.", True, None)
    assert result.passages == ()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("Hamlt", "There is no article “Hamlt”. Nearest titles: Hamlet."),
        ("Nobody", "There is no article “Nobody”, and none comes near."),
        ("n" * 300, f"There is no article “{'n' * 100}…”, and none comes near."),
        ("a|b", "There is no article “a|b”, and none comes near."),
    ],
)
async def test_a_miss_is_worth_another_try(tool: WikipediaTool, query: str, said: str) -> None:
    result = await tool.execute({"query": query})
    assert (result.text, result.success, result.error) == (said, False, "retry")


async def test_many_nearest_titles(wiki: FakeWikipedia, tool: WikipediaTool) -> None:
    wiki.page("Hamlet (film)", "A film.")
    result = await tool.execute({"query": "Hamlt"})
    assert result.text == "There is no article “Hamlt”. Nearest titles: Hamlet; Hamlet (film)."


@pytest.mark.parametrize("query", ["", "  \n "])
async def test_an_empty_query_asks_nobody(wiki: FakeWikipedia, tool: WikipediaTool, query: str) -> None:
    result = await tool.execute({"query": query})
    assert (result.success, result.error) == (False, "retry")
    assert result.text.startswith("wikipedia_search needs its query")
    assert wiki.asked == []


@pytest.mark.parametrize("query", ["\x00", "\ud800", "‎", "Ham\x00let", "[[Hamlet]]", "<b>", "#"])
async def test_strange_titles_are_misses(tool: WikipediaTool, query: str) -> None:
    result = await tool.execute({"query": query})
    assert (result.success, result.error) == (False, "retry")
    result.text.encode()
    assert "\x00" not in result.text


async def test_unreachable_is_final(wiki: FakeWikipedia, tool: WikipediaTool) -> None:
    wiki.always = CUT
    result = await tool.execute({"query": "Hamlet"})
    assert (result.success, result.error) == (False, "final")
    assert result.text == (
        "Wikipedia cannot be reached, so wikipedia_search must not be used again. Go on without it."
    )


async def test_a_slow_server(wiki: FakeWikipedia, tool: WikipediaTool) -> None:
    wiki.always = HANG
    tool.timeout_s = 0.2
    started = time.perf_counter()
    result = await tool.execute({"query": "Hamlet"})
    assert time.perf_counter() - started < 10
    assert (result.success, result.error) == (False, "retry")
    assert result.text == "wikipedia_search gave no result within 0.2 s."


async def test_a_folder_that_cannot_be_written(wiki: FakeWikipedia, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    async with open_client(wiki, tmp_path / "a file") as client:
        result = await WikipediaTool(client).execute({"query": "Hamlet"})
    assert (result.success, result.error) == (False, "final")
    assert result.text.startswith("wikipedia_search is out of order (")


async def test_without_a_client() -> None:
    result = await WikipediaTool(None).execute({"query": "Hamlet"})
    assert (result.success, result.error) == (False, "final")

"""What was asked before comes from the disk."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from app.domain.passages import Article
from app.services.wikipedia.client import Missing
from tests.fixtures import fake_wikipedia
from tests.fixtures.fake_wikipedia import FakeWikipedia
from tests.services.wikipedia.conftest import Connect, kept

pytestmark = pytest.mark.usefixtures("direct")


def grow_old(folder: Path, seconds: float) -> None:
    for path in kept(folder):
        content = json.loads(path.read_bytes())
        path.write_text(json.dumps({**content, "asked_at": content["asked_at"] - seconds}))


class TestCache:
    async def test_asked_once(self, wiki: FakeWikipedia, connect: Connect) -> None:
        client = connect()
        assert await client.article("Hamlet") == await client.article("Hamlet")
        assert await connect().article("Hamlet") == await client.article(" Hamlet")
        assert len(wiki.asked) == 1
        await client.summary("Hamlet")
        assert len(wiki.asked) == 2

    async def test_asked_once_by_many_at_once(self, wiki: FakeWikipedia, connect: Connect) -> None:
        clients = [connect() for _ in range(3)]
        await asyncio.gather(*(client.article("Hamlet") for client in clients * 3))
        assert len(wiki.asked) == 1

    async def test_misses_last_a_day(self, wiki: FakeWikipedia, connect: Connect, tmp_path: Path) -> None:
        client = connect()
        for age_s, requests in ((0, 2), (0, 2), (23 * 3600, 2), (3600, 4)):
            grow_old(tmp_path, age_s)
            assert await client.article("Hamlt") == Missing("Hamlt", ("Hamlet",))
            assert len(wiki.asked) == requests

    async def test_pages_expire(self, wiki: FakeWikipedia, connect: Connect, tmp_path: Path) -> None:
        for age_s, requests in ((0, 1), (29 * 86400, 1), (86400, 2), (0, 2)):
            grow_old(tmp_path, age_s)
            assert isinstance(await connect().article("Macbeth"), Article)
            assert len(wiki.asked) == requests

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "{",
            "[]",
            "null",
            '{"asked_at": 1e99, "answer": {"query": {}}}',
            '{"answer": 5, "asked_at": 1}',
            "\0\xff",
        ],
    )
    async def test_a_broken_file_is_replaced(
        self, wiki: FakeWikipedia, connect: Connect, tmp_path: Path, content: str
    ) -> None:
        found = await connect().article("Hamlet")
        [path] = kept(tmp_path)
        path.write_text(content, encoding="latin-1")
        for _ in range(2):
            assert await connect().article("Hamlet") == found
        assert len(wiki.asked) == 2
        assert kept(tmp_path) == [path]

    async def test_processes_share_answers_and_pace(self, wiki: FakeWikipedia, tmp_path: Path) -> None:
        titles = ["Hamlet", "Macbeth", "Nobody"]
        arguments = ["-c", fake_wikipedia.CHILD, wiki.url, str(tmp_path / "a cache"), *titles]
        children = [await asyncio.create_subprocess_exec(sys.executable, *arguments) for _ in range(2)]
        assert [await child.wait() for child in children] == [0, 0]
        assert wiki.titles == titles
        assert min(wiki.gaps_s) >= 0.05

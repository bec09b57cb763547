"""One request at a time, with a pause after each."""

import asyncio
import time
from pathlib import Path

import pytest

from app.domain.passages import Article
from tests.fixtures.fake_wikipedia import HANG, FakeWikipedia, Fault
from tests.services.wikipedia.conftest import Connect, refused

pytestmark = pytest.mark.usefixtures("direct")


class TestPace:
    async def test_pause_between_requests(self, wiki: FakeWikipedia, connect: Connect) -> None:
        client, other = connect(pause_s=0.05), connect(pause_s=0.05)
        await asyncio.gather(client.article("Hamlet"), client.article("Hamlt"), other.summary("Macbeth"))
        assert len(wiki.asked) == 4
        assert min(wiki.gaps_s) >= 0.05

    async def test_others_wait_as_the_server_asks(self, wiki: FakeWikipedia, connect: Connect) -> None:
        wiki.script.append(Fault(503, headers={"retry-after": "0.15"}))
        await refused(connect(attempts=1).article("Hamlet"))
        await connect().article("Macbeth")
        assert wiki.gaps_s[0] >= 0.15

    async def test_a_cached_answer_waits_for_nobody(self, connect: Connect, tmp_path: Path) -> None:
        client = connect()
        await client.article("Hamlet")
        (tmp_path / "a cache" / "not-before").write_text(repr(time.time() + 50))
        async with asyncio.timeout(5):
            await client.article("Hamlet")

    @pytest.mark.parametrize("content", ["", "tomorrow", "nan", "-inf", "inf", "1e99"])
    async def test_no_moment_holds_up_for_long(self, connect: Connect, tmp_path: Path, content: str) -> None:
        (tmp_path / "a cache").mkdir()
        (tmp_path / "a cache" / "not-before").write_text(content)
        async with asyncio.timeout(5):
            await connect(max_retry_after_s=0.01).article("Hamlet")

    async def test_given_up_while_it_waits(self, wiki: FakeWikipedia, connect: Connect) -> None:
        wiki.script.append(HANG)
        client = connect()
        tasks = [asyncio.create_task(client.article(title)) for title in ("Hamlet", "Macbeth")]
        while not wiki.asked:
            await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert isinstance(await client.article("Macbeth"), Article)

"""Tests of the search process as its client sees it: it builds, searches, dies and is given back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import psutil
import pytest

from app.core.errors import Unavailable
from app.models import KnowledgeBase
from app.schemas.method_config import RagMethodConfig
from app.services.knowledge import search_worker
from app.services.knowledge.search_client import SearchClient
from app.services.knowledge.service import KnowledgeService
from app.services.runtime import Runtime
from tests.tiny_models import TinyModels, articles_jsonl


@pytest.fixture
async def client(runtime: Runtime) -> AsyncIterator[SearchClient]:
    opened = SearchClient(runtime.settings)
    yield opened
    await opened.aclose()


@pytest.fixture
async def towers(runtime: Runtime) -> KnowledgeBase:
    async with runtime.sessions() as session:
        row, *_ = await KnowledgeService(session).add_files("towers", [("a.jsonl", articles_jsonl())])
        return row


@pytest.fixture
def options(tiny_models: TinyModels) -> RagMethodConfig:
    return RagMethodConfig.model_validate(tiny_models.rag(variant="hybrid", top_k=2))


def spawned() -> set[int]:
    """The search processes of this one; a Postgres, which starts some at any time, is left alone."""
    living = (child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE)
    return {child.pid for child in living if "spawn_main" in " ".join(child.cmdline())}


async def found(client: SearchClient, towers: KnowledgeBase, options: RagMethodConfig) -> list[str]:
    (result,) = await client.call(
        search_worker.search, towers.id, options, ["hybrid"], "Who found the castle?"
    )
    assert result.message == ""
    return [passage.chunk.article for passage in result.passages]


class TestBuild:
    async def test_tells_its_progress_and_its_chunks(
        self, client: SearchClient, towers: KnowledgeBase, options: RagMethodConfig
    ) -> None:
        assert client.progress == (0, 0)
        assert await client.call(search_worker.build, towers.id, options) == 3
        assert client.progress == (3, 3)

    async def test_a_model_that_is_not_there(self, client: SearchClient, towers: KnowledgeBase) -> None:
        options = RagMethodConfig(name="rag", embedding_model="/no/such/folder")
        with pytest.raises(Unavailable, match="/no/such/folder"):
            await client.call(search_worker.build, towers.id, options)


class TestDeath:
    async def test_is_told_and_the_next_search_starts_another(
        self, client: SearchClient, towers: KnowledgeBase, options: RagMethodConfig
    ) -> None:
        before = spawned()
        assert (await found(client, towers, options))[0] == "old"
        asked = asyncio.create_task(found(client, towers, options))
        for pid in spawned() - before:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(Unavailable, match="has died"):
            await asked
        assert not client.running
        assert (await found(client, towers, options))[0] == "old"


class TestEnd:
    async def test_after_a_while_without_a_call(self, runtime: Runtime) -> None:
        before = spawned()
        client = SearchClient(runtime.settings, idle_s=0.2)
        await client.start()
        assert client.running
        process = [psutil.Process(pid) for pid in spawned() - before]
        _, alive = await asyncio.to_thread(psutil.wait_procs, process, 10)
        assert not client.running
        assert alive == []

    async def test_closed_at_once(self, runtime: Runtime) -> None:
        client = SearchClient(runtime.settings)
        await client.start()
        await client.aclose()
        assert not client.running

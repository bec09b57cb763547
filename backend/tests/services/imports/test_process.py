"""Tests of imports in a process of their own, asked for over HTTP."""

import asyncio
from collections.abc import Iterator

import httpx
import psutil
import pytest
from sqlalchemy import text

from app.services.imports import process
from app.services.runtime import Runtime
from tests.api.conftest import problem
from tests.factories import questions_jsonl
from tests.support import until

DATASETS, KNOWLEDGE = "/api/v1/datasets", "/api/v1/knowledge-bases"
ARTICLES = b"\n".join(b'{"title": "t%d", "text": "text %d"}' % (i, i) for i in range(30))


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LARGE", 100)


async def upload(api: httpx.AsyncClient, content: bytes, name: str = "a.jsonl") -> httpx.Response:
    return await api.post(DATASETS, data={"name": "new"}, files={"file": (name, content)})


def import_processes() -> Iterator[psutil.Process]:
    for child in psutil.Process().children():
        if any("import_worker" in part for part in child.cmdline()):
            yield child


async def rows(runtime: Runtime) -> int:
    async with runtime.engine.connect() as connection:
        query = "select (select count(*) from datasets where name = 'new') + (select count(*) from examples)"
        builtin = "select coalesce(sum(size), 0) from datasets where name <> 'new'"
        return int(await connection.scalar(text(f"select ({query}) - ({builtin})")) or 0)


class TestRun:
    async def test_dataset_in_memory_or_in_a_file(self, api: httpx.AsyncClient) -> None:
        for length in (1, 40_000):  # the second is larger than what is kept in memory of an upload
            added = await upload(api, questions_jsonl(50, "x" * length))
            assert added.status_code == 201, added.text
            assert (added.json()["size"], added.json()["created"]) == (50, True)
        assert (await upload(api, questions_jsonl(50, "x"))).json()["created"] is False

    async def test_wrong_lines(self, api: httpx.AsyncClient, runtime: Runtime) -> None:
        error = problem(await upload(api, questions_jsonl(50) + b"\nnonsense", "bad.jsonl"), 422)
        assert error["message"] == "bad.jsonl has 1 wrong line; nothing was imported."
        assert [field["field"] for field in error["errors"]] == ["line 51"]
        assert await rows(runtime) == 0

    async def test_knowledge_base(self, api: httpx.AsyncClient) -> None:
        added = await api.post(KNOWLEDGE, data={"name": "new"}, files={"files": ("a.jsonl", ARTICLES)})
        assert (added.status_code, added.json()["size"]) == (201, 30)

    async def test_columns(self, api: httpx.AsyncClient) -> None:
        files = {"file": ("a.json", b"[" + questions_jsonl(30).replace(b"\n", b",") + b"]")}
        found = (await api.post(f"{DATASETS}/columns", files=files)).json()
        assert found["fields"] == {"question": "question", "answer": "answer"}

    async def test_a_killed_process_leaves_nothing(self, api: httpx.AsyncClient, runtime: Runtime) -> None:
        async with runtime.engine.begin() as other:  # adds to this name, so that the process waits at its end
            await other.execute(text("select pg_advisory_xact_lock(hashtextextended('datasets:new', 0))"))
            request = asyncio.create_task(upload(api, questions_jsonl(60)))
            waiting = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
            await until(lambda: other.scalar(waiting), "the process to have stored its examples")
            (worker,) = import_processes()
            worker.kill()
            error = problem(await request, 503)
        assert error["message"] == "The process that imports has died; nothing was imported."
        assert await rows(runtime) == 0

    async def test_a_full_database_is_named(self, api: httpx.AsyncClient, runtime: Runtime) -> None:
        full = """
            create function no_room() returns trigger language plpgsql as
            $$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$;
            create trigger no_room before insert on examples execute function no_room();
        """
        async with runtime.engine.begin() as connection:
            for statement in full.split("$$;"):
                await connection.execute(text(statement + ("$$" if "language" in statement else "")))
        try:
            error = problem(await upload(api, questions_jsonl(60)), 503)
        finally:
            async with runtime.engine.begin() as connection:
                await connection.execute(text("drop function no_room cascade"))
        assert error["message"] == "The database has no room left; nothing was imported."
        assert await rows(runtime) == 0

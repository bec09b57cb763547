"""Tests of storing and finding knowledge bases."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from app.core.config import PROJECT_ROOT
from app.core.errors import InvalidInput, NotFound
from app.services.knowledge.service import KnowledgeService
from app.services.runtime import Runtime
from tests.tiny_models import ARTICLES, articles_jsonl


@pytest.fixture
async def service(runtime: Runtime) -> AsyncIterator[KnowledgeService]:
    """The service on a session of its own."""
    async with runtime.sessions() as session:
        yield KnowledgeService(session)


class TestAdd:
    async def test_keeps_articles_in_order(self, service: KnowledgeService) -> None:
        row, created, _ = await service.add_files("towers", [("a.jsonl", articles_jsonl())])
        assert (row.name, row.size, row.source, created) == ("towers", 3, "a.jsonl", True)
        found = await service.all_articles(row.id)
        assert [(one.key, one.title, one.text) for one in found] == [
            (one["id"], one["title"], one["text"]) for one in ARTICLES
        ]

    async def test_same_content_is_the_same_version(self, service: KnowledgeService) -> None:
        first, *_ = await service.add_files("towers", [("a.jsonl", articles_jsonl())])
        second, created, _ = await service.add_files("towers", [("b.json", orjson.dumps(ARTICLES))])
        assert (second.id, created) == (first.id, False)

    async def test_other_content_is_another(self, service: KnowledgeService) -> None:
        first, *_ = await service.add_files("towers", [("a.jsonl", articles_jsonl())])
        second, *_ = await service.add_files("towers", [("a.jsonl", articles_jsonl(ARTICLES[:2]))])
        assert first.version != second.version
        assert (await service.get("towers")).id == second.id
        assert (await service.get("towers", first.version[:8])).id == first.id

    async def test_one_name_at_the_same_time(self, runtime: Runtime) -> None:
        async def add() -> bool:
            async with runtime.sessions() as session:
                files = [("a.jsonl", articles_jsonl())]
                return (await KnowledgeService(session).add_files("towers", files))[1]

        assert sorted(await asyncio.gather(*(add() for _ in range(4)))) == [False, False, False, True]

    async def test_a_dataset_may_have_the_same_name(self, service: KnowledgeService, dataset: str) -> None:
        row, *_ = await service.add_files(dataset, [("a.jsonl", articles_jsonl())])
        assert row.name == dataset

    async def test_nothing_of_a_wrong_file(self, service: KnowledgeService) -> None:
        files = [("a.jsonl", articles_jsonl()), ("b.jsonl", b'{"title": "no text"}')]
        with pytest.raises(InvalidInput, match=r"b\.jsonl has 1 wrong line"):
            await service.add_files("towers", files)
        assert await service.list_all() == []

    @pytest.mark.parametrize("name", ["", "Towers", "a b", "../x", "a" * 101])
    async def test_names(self, service: KnowledgeService, name: str) -> None:
        with pytest.raises(InvalidInput, match="not a valid name for a knowledge base"):
            await service.add_files(name, [("a.jsonl", articles_jsonl())])


class TestBrowse:
    async def test_pages(self, service: KnowledgeService) -> None:
        row, *_ = await service.add_files("towers", [("a.jsonl", articles_jsonl())])
        page, total = await service.articles(row.id, "", -1, 2)
        assert ([one.key for one in page], total) == (["tall", "old"], 3)
        page, _ = await service.articles(row.id, "", page[-1].position, 2)
        assert [one.key for one in page] == ["ship"]

    @pytest.mark.parametrize(
        ("text", "keys"), [("tower", ["tall"]), ("GREAT ship", ["ship"]), ("%", []), ("old", ["old"])]
    )
    async def test_by_title_or_id(self, service: KnowledgeService, text: str, keys: list[str]) -> None:
        row, *_ = await service.add_files("towers", [("a.jsonl", articles_jsonl())])
        page, total = await service.articles(row.id, text, -1, 10)
        assert ([one.key for one in page], total) == (keys, len(keys))


class TestFind:
    async def test_missing_names_those_there_are(self, service: KnowledgeService) -> None:
        await service.add_files("towers", [("a.jsonl", articles_jsonl())])
        with pytest.raises(NotFound):
            await service.get("castles")
        with pytest.raises(InvalidInput) as caught:
            await service.require("castles")
        assert "There are: towers." in caught.value.hint
        assert caught.value.errors[0].field == "method.knowledge_base"


class TestBuiltin:
    async def test_added_once(self, service: KnowledgeService) -> None:
        for _ in range(2):
            await service.add_builtin(PROJECT_ROOT / "data" / "knowledge_base")
        (row,) = await service.list_all()
        assert (row.name, row.licence) == ("encyclopedia", "CC0-1.0")
        assert row.size >= 500

    async def test_broken_file_is_named(self, service: KnowledgeService, tmp_path: Path) -> None:
        (tmp_path / "broken.json").write_text("{}")
        with pytest.raises(InvalidInput, match=r"broken\.json"):
            await service.add_builtin(tmp_path)

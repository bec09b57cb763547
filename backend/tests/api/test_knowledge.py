"""Tests of the routes of knowledge bases."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import body, problem
from tests.support import until
from tests.tiny_models import ARTICLES, TinyModels, articles_jsonl

BASES = "/api/v1/knowledge-bases"


async def upload(
    api: httpx.AsyncClient, content: bytes | None = None, filename: str = "a.jsonl", name: str = "towers"
) -> httpx.Response:
    content = articles_jsonl() if content is None else content
    return await api.post(BASES, data={"name": name}, files=[("files", (filename, content))])


@pytest.fixture
async def towers(api: httpx.AsyncClient) -> dict[str, Any]:
    added: dict[str, Any] = (await upload(api)).json()
    return added


class TestAdd:
    async def test_file(self, api: httpx.AsyncClient) -> None:
        response = await upload(api)
        assert response.status_code == 201
        added = response.json()
        assert (added["name"], added["size"], added["created"]) == ("towers", 3, True)
        assert (await upload(api)).json()["created"] is False
        assert [one["id"] for one in (await api.get(BASES)).json()] == [added["id"]]

    async def test_several_files(self, api: httpx.AsyncClient) -> None:
        files = [("files", ("a/one.md", b"# One\ntext")), ("files", ("two.txt", b"text"))]
        added = (await api.post(BASES, data={"name": "docs"}, files=files)).json()
        assert added["size"] == 2
        found = (await api.get(f"{BASES}/docs/articles")).json()["items"]
        assert [(one["key"], one["title"]) for one in found] == [("a/one", "One"), ("two", "two")]

    async def test_larger_than_a_json_body_may_be(self, api: httpx.AsyncClient) -> None:
        rows = [{"id": str(i), "title": "t", "text": "word " * 4000} for i in range(100)]
        assert len(articles_jsonl(rows)) > 1_900_000
        assert (await upload(api, articles_jsonl(rows))).json()["size"] == 100

    async def test_wrong_lines(self, api: httpx.AsyncClient) -> None:
        error = problem(await upload(api, b'{"text": "a"}\n{"title": "b"}\n', "bad.jsonl"), 422)
        assert [one["field"] for one in error["errors"]] == ["line 2"]
        assert (await api.get(BASES)).json() == []

    async def test_articles_that_are_there_twice_are_named(self, api: httpx.AsyncClient) -> None:
        rows = [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}, {"id": "A ", "text": "x"}]
        response = await upload(api, articles_jsonl(rows))
        assert response.json()["warnings"] == [
            "The same text under several ids, of which each can be a passage: “a”, “A ”.",
            "Ids that differ by case or blanks alone are kept apart: “a”, “A ”.",
        ]

    async def test_no_file(self, api: httpx.AsyncClient) -> None:
        problem(await api.post(BASES, data={"name": "towers"}), 422)


class TestBrowse:
    async def test_pages(self, api: httpx.AsyncClient, towers: dict[str, Any]) -> None:
        first = (await api.get(f"{BASES}/towers/articles", params={"limit": 2})).json()
        assert ([one["key"] for one in first["items"]], first["total"]) == (["tall", "old"], 3)
        rest = (await api.get(f"{BASES}/towers/articles", params={"cursor": first["next"]})).json()
        assert ([one["key"] for one in rest["items"]], rest["next"]) == (["ship"], None)
        assert rest["items"][0]["sections"] == [{"heading": "", "text": ARTICLES[2]["text"]}]

    async def test_by_title(self, api: httpx.AsyncClient, towers: dict[str, Any]) -> None:
        found = (await api.get(f"{BASES}/towers/articles", params={"text": "castle"})).json()
        assert ([one["key"] for one in found["items"]], found["total"], found["next"]) == (["old"], 1, None)

    @pytest.mark.parametrize("path", ["/castles", "/castles/articles", "/towers?version=ffff"])
    async def test_missing(self, api: httpx.AsyncClient, towers: dict[str, Any], path: str) -> None:
        problem(await api.get(f"{BASES}{path}"), 404)


class TestSearch:
    """These start the process that has the models; it is the same one for all tests of this folder."""

    async def test_index_is_built_and_told(
        self, api: httpx.AsyncClient, towers: dict[str, Any], tiny_models: TinyModels
    ) -> None:
        wanted = {"options": tiny_models.rag(chunk_tokens=40)}
        state = (await api.post(f"{BASES}/towers/index", json=wanted)).json()
        assert (state["state"], state["chunks"]) == ("absent", None)
        response = await api.post(f"{BASES}/towers/build", json=wanted)
        assert response.status_code == 202

        async def built() -> bool:
            now = (await api.post(f"{BASES}/towers/index", json=wanted)).json()
            assert now["state"] in {"building", "built"}, now["message"]
            return bool(now["state"] == "built" and now["chunks"] == 3)

        await until(built, "the index")
        again = (await api.post(f"{BASES}/towers/build", json=wanted)).json()
        assert again["state"] == "built"

    async def test_variants_side_by_side(
        self, api: httpx.AsyncClient, towers: dict[str, Any], tiny_models: TinyModels
    ) -> None:
        options = {**tiny_models.rag(top_k=2), "reranker": "/no/such/folder"}
        body = {"query": "Who found the castle?", "options": options}
        found = (await api.post(f"{BASES}/towers/search", json=body, timeout=60)).json()
        naive, hybrid, reranked = found["variants"]
        assert [one["variant"] for one in found["variants"]] == ["naive", "hybrid", "reranked"]
        assert found["version"] == towers["version"]
        assert len(naive["passages"]) == len(hybrid["passages"]) == 2
        assert set(hybrid["milliseconds"]) == {"embedding", "dense", "bm25", "fusion", "chunks"}
        castle = next(one for one in hybrid["passages"] if one["article"] == "old")
        assert castle["stages"]["bm25"]["rank"] == 1
        assert reranked["passages"] == []
        assert "/no/such/folder" in reranked["message"]

    async def test_two_at_once(
        self, api: httpx.AsyncClient, towers: dict[str, Any], tiny_models: TinyModels
    ) -> None:
        bodies = [
            {"query": query, "variants": ["hybrid"], "options": tiny_models.rag()}
            for query in ("ship", "tower")
        ]
        found = await asyncio.gather(
            *(api.post(f"{BASES}/towers/search", json=body, timeout=60) for body in bodies)
        )
        assert [one.json()["query"] for one in found] == ["ship", "tower"]

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"query": ""}, "query"),
            ({"query": "  \n"}, "query"),
            ({"query": "\u200b\u00a0"}, "query"),
            ({"query": "x" * 2001}, "query"),
            ({"variants": ["best"]}, "variants.0"),
            ({"options": {"name": "rag", "top_k": 0}}, "options.top_k"),
        ],
    )
    async def test_refused(
        self, api: httpx.AsyncClient, towers: dict[str, Any], fields: dict[str, Any], field: str
    ) -> None:
        error = problem(await api.post(f"{BASES}/towers/search", json={"query": "q", **fields}), 422)
        assert [one["field"] for one in error["errors"]] == [field]

    async def test_embedding_model_that_is_not_there(
        self, api: httpx.AsyncClient, towers: dict[str, Any]
    ) -> None:
        options = {"name": "rag", "embedding_model": "/no/such/folder"}
        for path in ("build", "search"):
            body = {"options": options, **({"query": "q"} if path == "search" else {})}
            response = await api.post(f"{BASES}/towers/{path}", json=body, timeout=60)
            if path == "build":
                error = problem(response, 422)
                assert [one["field"] for one in error["errors"]] == ["method.embedding_model"]
            else:
                assert "/no/such/folder" in response.json()["variants"][0]["message"]

    async def test_folders_that_are_no_models_tell_nothing(
        self, api: httpx.AsyncClient, towers: dict[str, Any], dataset: str, tmp_path: Path
    ) -> None:
        (tmp_path / "secrets").mkdir()
        names = set()
        for pin in ("4711", "4712"):
            (tmp_path / "secrets" / "secret.txt").write_text(pin)
            options = {"name": "rag", "embedding_model": str(tmp_path / "secrets")}
            found = await api.post(f"{BASES}/towers/index", json={"options": options})
            names.add(found.json()["name"])
        assert names == {""}

    @pytest.mark.parametrize("folder", ["/", "~", "/etc", "/proc/self"])
    async def test_other_folders_are_not_looked_at(
        self, api: httpx.AsyncClient, towers: dict[str, Any], dataset: str, folder: str
    ) -> None:
        options = {"name": "rag", "knowledge_base": "towers", "embedding_model": folder}
        started = time.monotonic()
        found = await api.post(f"{BASES}/towers/index", json={"options": options})
        assert found.json()["name"] == ""
        for path in ("/api/v1/experiments/preview", "/api/v1/experiments"):
            answer = await api.post(path, json=body(method=options))
            assert answer.status_code in {200, 422}, answer.text
            if path.endswith("experiments"):
                assert "may be looked at" in problem(answer, 422)["message"]
        assert time.monotonic() - started < 5


class TestImports:
    def test_the_api_does_not_import_what_embeds(self) -> None:
        heavy = ("torch", "transformers", "sentence_transformers", "chromadb", "tokenizers", "rank_bm25")
        code = (
            "import sys; import app.main, app.tasks.worker, app.cli; "
            f"print([name for name in {heavy!r} if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


class TestPreview:
    async def test_shows_the_passages_once_they_can_be_had_at_once(
        self, api: httpx.AsyncClient, towers: dict[str, Any], tiny_models: TinyModels
    ) -> None:
        await api.post(
            "/api/v1/datasets",
            data={"name": "quiz"},
            files={"file": ("a.jsonl", b'{"question": "Who found the castle?", "answer": "the king"}')},
        )
        method = tiny_models.rag(top_k=1, variant="naive")
        await api.post(f"{BASES}/towers/search", json={"query": "q", "options": method}, timeout=60)
        body = {"config": {"name": "n", "model": "mock/gold", "dataset": {"name": "quiz"}, "method": method}}

        async def with_passages() -> str:
            preview = (await api.post("/api/v1/experiments/preview", json=body, timeout=60)).json()
            prompt: str = preview["messages"][-1]["content"]
            return prompt if "[1] " in prompt else ""

        prompt = await until(with_passages, "the passages")
        assert any(article["text"] in prompt for article in ARTICLES)

"""Tests of importing examples as they are read: all is as if the whole dataset had been read first."""

import asyncio
import io
import json
from collections.abc import Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from app.core.errors import InvalidInput
from app.services.datasets.service import Added, DatasetService
from app.services.imports.files import File
from app.services.runtime import Runtime
from tests.factories import questions_jsonl
from tests.published_files import BEIR, HOTPOTQA, SQUAD, TRIVIAQA


def lines(*rows: Any) -> bytes:
    return b"\n".join(one if isinstance(one, bytes) else orjson.dumps(one) for one in rows)


def qa(question: str, *answers: str, **fields: Any) -> dict[str, Any]:
    return {"question": question, "answers": answers or ("a",), **fields}


def parquet() -> bytes:
    out = io.BytesIO()
    rows = [qa(f"q{i}", f"a{i}", id=i) for i in range(600)]
    pq.write_table(pa.Table.from_pylist(rows), out, row_group_size=100)
    return out.getvalue()


def mapped(tmp_path: Path, given: Sequence[tuple[str, bytes]]) -> list[File]:
    """Return files as the process of a large import has them."""
    files = []
    for number, (name, data) in enumerate(given):
        (tmp_path / str(number)).write_bytes(data)
        with (tmp_path / str(number)).open("rb") as file:
            files.append(File(name, mmap(file.fileno(), 0, access=ACCESS_READ)))
    return files


async def stored(runtime: Runtime) -> list[tuple[Any, ...]]:
    query = """
        select d.name, d.version, d.scoring, d.description, d.licence, d.source, d.size, e.position, e.key,
               e.question, e.answers, e.cluster, e.metadata, e.content_hash
        from datasets d full join examples e on e.dataset_id = d.id order by d.created_at, e.position
    """
    async with runtime.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def clear(runtime: Runtime) -> None:
    async with runtime.engine.begin() as connection:
        await connection.execute(text("truncate datasets, examples restart identity cascade"))


async def add(runtime: Runtime, files: Sequence[File], *scoring: str) -> Added:
    async with runtime.sessions() as session:
        return await DatasetService(session).add_large_files("mine", files, *scoring)


async def add_small(runtime: Runtime, given: Sequence[tuple[str, bytes]], *scoring: str) -> Added:
    async with runtime.sessions() as session:
        return await DatasetService(session).add_files("mine", given, *scoring)


ODD = [qa("one", "x", id="A"), qa("two", "the", id="a "), qa("one", "y", id="3"), qa("one", "y", id="3.0")]
WARNED = [*ODD, *(qa("two", "the") for _ in range(30)), qa("drei", "Дом", "дома"), qa("vier", "…", id="b")]
READABLE = {
    "JSONL": [("a.jsonl", questions_jsonl(700))],
    "JSONL with other columns": [("a.jsonl", lines({"prompt": "q", "gold": 1, "extra": {"é": [1.5]}}))],
    "UTF-16": [("a.csv", "sep=;\r\nquestion;answer\r\nü;a\r\nq;x|y\r\n".encode("utf-16"))],
    "CSV of many lines": [("a.csv", b'question,answers\n"two\nlines",a|b\n' + b"q,a\n" * 40)],
    "Parquet": [("a.parquet", parquet())],
    "a list": [("a.json", orjson.dumps([qa("q"), qa("r", cluster="c")]))],
    "our own format": [("a.json", orjson.dumps({"description": "d", "examples": [qa("q")]}))],
    "HotpotQA": [("a.json", orjson.dumps(HOTPOTQA))],
    "TriviaQA": [("a.json", orjson.dumps(TRIVIAQA))],
    "SQuAD": [("a.json", orjson.dumps(SQUAD))],
    "BEIR": [(f"small/{name}", data) for name, data in BEIR.items()],
    "warnings": [("a.jsonl", lines(*WARNED))],
}
WRONG = {
    "a wrong line": [("a.jsonl", lines(qa("q"), {"question": "q"}, b"nonsense", qa("")))],
    "ids twice": [("a.jsonl", lines(*(qa("q", id=i % 3) for i in range(9)), {"answer": 1}))],
    "given ids and numbers": [("a.jsonl", lines(qa("q", id=1), qa("q"), qa("q", id="1"), qa("q")))],
    "the last line": [("a.jsonl", questions_jsonl(600) + b'\n{"question": "q", "answer": "\\u0000"}')],
    "no UTF-8 at the end": [("a.jsonl", questions_jsonl(9) + b'\n{"question": "\xff", "answer": "a"}')],
    "no UTF-8 in a table": [("a.csv", b"question,answer\nq,a\n\xff,a\n")],
    "no examples": [("a.jsonl", b"\n\n")],
    "columns twice": [("a.csv", b"question,answer,answer\nq,a,b\n")],
    "unknown columns": [("a.csv", b"x,y\nq,a\n")],
    "a cell too many": [("a.csv", b"question,answer\nq,a\nq,a,b\n")],
    "no format": [("a.docx", b"text")],
    "a damaged table": [("a.parquet", b"PAR1 and no more")],
    "JSON of something else": [("a.json", b'{"a": 1}')],
    "a folder without judgements": [(f"small/{name}", b"{}") for name in ("corpus.jsonl", "queries.jsonl")],
}


class TestAddLargeFiles:
    @pytest.mark.parametrize("given", READABLE.values(), ids=READABLE)
    async def test_is_stored_as_a_small_file_is(
        self, runtime: Runtime, tmp_path: Path, given: list[tuple[str, bytes]]
    ) -> None:
        small = await add_small(runtime, given)
        wanted = await stored(runtime)
        await clear(runtime)
        large = await add(runtime, mapped(tmp_path, given))
        assert await stored(runtime) == wanted
        assert (large.created, large.warnings) == (True, small.warnings)
        assert large.dataset.version == small.dataset.version

    async def test_all_warnings(self, runtime: Runtime, tmp_path: Path) -> None:
        added = await add(runtime, mapped(tmp_path, READABLE["warnings"]))
        assert [one.split(" ", 3)[:3] for one in added.warnings] == [
            ["Ids", "that", "differ"],
            ["1", "question", "is"],
            ["1", "question", "is"],
            ["Without", "punctuation", "and"],
        ]

    @pytest.mark.parametrize("given", WRONG.values(), ids=WRONG)
    async def test_says_what_is_wrong_as_for_a_small_file(
        self, runtime: Runtime, tmp_path: Path, given: list[tuple[str, bytes]]
    ) -> None:
        with pytest.raises(InvalidInput) as small:
            await add_small(runtime, given)
        with pytest.raises(InvalidInput) as large:
            await add(runtime, mapped(tmp_path, given))
        found, wanted = ((one.value.message, one.value.hint, one.value.errors) for one in (large, small))
        assert found == wanted
        assert await stored(runtime) == []

    async def test_content_that_is_there_keeps_its_version(self, runtime: Runtime, tmp_path: Path) -> None:
        given = READABLE["JSONL"]
        first = await add_small(runtime, given)
        again = await add(runtime, mapped(tmp_path, given))
        assert (again.dataset.id, again.created) == (first.dataset.id, False)
        await add(runtime, mapped(tmp_path, [("a.jsonl", lines(qa("q")))]))
        async with runtime.engine.connect() as connection:  # nothing was written, not even in vain
            assert await connection.scalar(text("select max(id) from examples")) == 701

    async def test_the_same_file_at_once(self, runtime: Runtime, tmp_path: Path) -> None:
        files = mapped(tmp_path, READABLE["JSONL"])
        added = await asyncio.gather(*(add(runtime, files) for _ in range(3)))
        assert sorted(one.created for one in added) == [False, False, True]
        assert len({one.dataset.id for one in added}) == 1
        assert len(await stored(runtime)) == 700

    async def test_other_scoring_is_a_new_version(self, runtime: Runtime, tmp_path: Path) -> None:
        given = [("a.jsonl", lines(json.loads('{"question": "q", "answer": "5"}')))]
        first, second = [
            await add(runtime, mapped(tmp_path, given), scoring) for scoring in ("squad", "gsm8k")
        ]
        assert first.dataset.version != second.dataset.version
        assert second.dataset.created_at > first.dataset.created_at

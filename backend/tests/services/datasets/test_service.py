"""Tests of storing, versioning and sampling datasets."""

import asyncio
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.core.config import PROJECT_ROOT
from app.core.errors import InvalidInput, NotFound
from app.domain.examples import Dataset, Example, sample_order
from app.services.datasets.importers import load_builtin
from app.services.datasets.service import DatasetService
from app.services.runtime import Runtime
from tests.factories import properties, questions_jsonl

SHIPPED = PROJECT_ROOT / "data" / "datasets" / "triviaqa" / "trivia_qa.json"


async def rows(runtime: Runtime) -> int:
    async with runtime.engine.connect() as connection:
        query = "select (select count(*) from datasets) + (select count(*) from examples)"
        return int(await connection.scalar(text(query)) or 0)


class TestAddFile:
    async def test_stored_as_it_was_read(self, runtime: Runtime) -> None:
        wanted: list[dict[str, Any]] = [
            {"id": "a", "question": "Wie heißt \u2028 das? 🙂", "answers": ["ü", "U"], "cluster": "c"},
            {
                "id": "b",
                "question": 'q "two"',
                "answers": ["x"],
                "cluster": None,
                "topic": {"t": [1.5, None, "\\u0000"]},
            },
        ]
        data = "\ufeff" + "\r\n".join(json.dumps(row) for row in wanted)
        async with runtime.sessions() as session:
            service = DatasetService(session)
            dataset, created, _ = await service.add_file("mine", "a.jsonl", data.encode())
            stored = await service.examples(dataset.id, -1, 10)
        assert created
        assert [(e.key, e.question, e.answers, e.cluster) for e in stored] == [
            (row["id"], row["question"], row["answers"], row["cluster"]) for row in wanted
        ]
        assert [e.extra for e in stored] == [{}, {"topic": {"t": [1.5, None, "\\u0000"]}}]
        nouns = [Example(e.key, e.question, tuple(e.answers), e.cluster) for e in stored]
        assert [e.content_hash for e in stored] == [noun.content_hash for noun in nouns]
        assert dataset.version == Dataset("mine", "squad", tuple(nouns)).version

    @pytest.mark.parametrize(
        "bad", [b"nonsense", b'{"question": "q"}', b"\xff", b'{"question": "\\u0000", "answer": 1}']
    )
    async def test_nothing_is_half_imported(self, runtime: Runtime, bad: bytes) -> None:
        async with runtime.sessions() as session:
            with pytest.raises(InvalidInput):
                await DatasetService(session).add_file(
                    "mine", "a.jsonl", questions_jsonl(1_500) + b"\n" + bad
                )
        assert await rows(runtime) == 0

    async def test_long_ids_fit_their_index(self, runtime: Runtime) -> None:
        keys = [str(i) + "🙂" * 499 for i in range(2)]
        data = "\n".join(json.dumps({"id": key, "question": "q", "answer": "a"}) for key in keys)
        async with runtime.sessions() as session:
            dataset, *_ = await DatasetService(session).add_file("mine", "a.jsonl", data.encode())
        assert dataset.size == 2

    async def test_same_file_many_times_at_once(self, runtime: Runtime) -> None:
        async def add() -> bool:
            async with runtime.sessions() as session:
                return (await DatasetService(session).add_file("mine", "a.jsonl", questions_jsonl(50)))[1]

        created = await asyncio.gather(*(add() for _ in range(5)))
        assert sorted(created) == [False] * 4 + [True]
        assert await rows(runtime) == 51


class TestFind:
    async def test_versions(self, runtime: Runtime) -> None:
        async with runtime.sessions() as session:
            service = DatasetService(session)
            old, *_ = await service.add_file("mine", "a.jsonl", questions_jsonl(2))
            new, *_ = await service.add_file("mine", "a.jsonl", questions_jsonl(3))
            assert (await service.get("mine")).id == new.id
            assert (await service.get("mine", old.version)).id == old.id
            assert (await service.require("mine", old.version[:8])).id == old.id
            for wildcard in ("%", "_" * 16):
                with pytest.raises(NotFound):
                    await service.get("mine", wildcard)
            with pytest.raises(InvalidInput, match="with version ffff") as caught:
                await service.require("mine", "ffff")
            assert caught.value.errors[0].field == "dataset.name"

    async def test_none_there(self, runtime: Runtime) -> None:
        async with runtime.sessions() as session:
            with pytest.raises(InvalidInput) as caught:
                await DatasetService(session).require("mine")
        assert "There are none yet." in caught.value.hint


class TestSample:
    async def test_seeded(self, runtime: Runtime, dataset: str) -> None:
        async with runtime.sessions() as session:
            service = DatasetService(session)
            row = await service.get(dataset)
            assert await service.sample(row, None, 1) == list(range(20))
            assert await service.sample(row, 20, 1) == list(range(20))
            small, large, other = [
                await service.sample(row, n, seed) for n, seed in ((5, 1), (12, 1), (12, 2))
            ]
        assert large[:5] == small
        assert len(set(large)) == 12
        assert set(large) <= set(range(20))
        assert other != large

    @pytest.mark.parametrize("seed", [0, 7, 2**31 - 1])
    async def test_the_database_draws_in_the_order_of_the_definition(
        self, runtime: Runtime, seed: int
    ) -> None:
        lines = questions_jsonl(60).splitlines()
        copies = b'{"question": "twice", "answer": "a"}\n' * 5
        async with runtime.sessions() as session:
            service = DatasetService(session)
            row, *_ = await service.add_file("mine", "a.jsonl", copies + b"\n".join(lines))
            stored = await service.examples(row.id, -1, 100)
            defined = sample_order([(one.position, one.content_hash) for one in stored], seed)
            for n in (1, 13, 64):
                assert await service.sample(row, n, seed) == defined[:n]
                places, _ = await service.sample_at(row, n, seed, [0, n // 2, n - 1, 0])
                assert places == {place: defined[place] for place in (0, n // 2, n - 1)}

    async def test_independent_units_of_the_sample(self, runtime: Runtime) -> None:
        rows = [{"question": "twice", "answer": "a"}] * 3 + [
            {"question": f"q{i}", "answer": "a", "cluster": "c" if i < 4 else None} for i in range(9)
        ]
        async with runtime.sessions() as session:
            service = DatasetService(session)
            dataset, *_ = await service.add_file("mine", "a.jsonl", b"\n".join(map(orjson.dumps, rows)))
            unit = ["twice"] * 3 + ["c"] * 4 + list("45678")
            for n in (None, 1, 5, 11, 12):
                sample = await service.sample(dataset, n, 3)
                assert (await service.sample_at(dataset, n, 3, [0]))[1] == len({unit[one] for one in sample})

    @properties
    @given(st.lists(st.text(max_size=5), min_size=1, max_size=30), st.integers(0, 2**31 - 1))
    def test_order_is_a_permutation_that_the_file_order_does_not_decide(
        self, digests: list[str], seed: int
    ) -> None:
        order = sample_order(list(enumerate(digests)), seed)
        assert sorted(order) == list(range(len(digests)))
        backwards = sample_order(list(enumerate(digests[::-1])), seed)
        assert [digests[i] for i in order] == [digests[::-1][i] for i in backwards]


class TestBuiltin:
    async def test_added_once(self, runtime: Runtime) -> None:
        async with runtime.sessions() as session:
            service = DatasetService(session)
            for _ in range(2):
                await service.add_builtins(PROJECT_ROOT / "data" / "datasets")
            row = await service.get("trivia_qa")
            assert (row.size, row.scoring, row.licence) == (100, "triviaqa", "CC0-1.0")
            assert [one.name for one in await service.list_all()] == ["gsm8k", "hotpot_qa", "trivia_qa"]

    @pytest.mark.parametrize(
        "content",
        ["", "[]", "{}", '{"name": "x"}', '{"name": "x", "scoring": "squad", "examples": [{"question": 1}]}'],
    )
    def test_broken_file_is_named(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "broken.json"
        path.write_text(content)
        with pytest.raises(InvalidInput, match=r"broken\.json"):
            load_builtin(path)

    def test_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"none\.json"):
            load_builtin(tmp_path / "none.json")


class TestShipped:
    @pytest.fixture
    def examples(self) -> tuple[Example, ...]:
        return load_builtin(SHIPPED).examples

    def test_a_hundred_unlike_questions(self, examples: tuple[Example, ...]) -> None:
        assert len(examples) == 100
        assert len({example.key for example in examples}) == 100
        words = [frozenset(example.question.lower().split()) for example in examples]
        for i, one in enumerate(words):
            for other in words[:i]:
                assert len(one & other) / len(one | other) < 0.7, (sorted(one), sorted(other))

    def test_no_question_tells_its_answer(self, examples: tuple[Example, ...]) -> None:
        for example in examples:
            question = f" {''.join(c if c.isalnum() else ' ' for c in example.question.lower())} "
            for answer in example.answers:
                assert f" {answer.lower()} " not in " ".join(question.split()).join("  "), example.question

    def test_answers_are_distinct(self, examples: tuple[Example, ...]) -> None:
        assert all(len(set(example.answers)) == len(example.answers) >= 1 for example in examples)
        canonical = [example.answers[0].lower() for example in examples]
        assert len(set(canonical)) >= 95

    def test_topics_and_difficulty(self, examples: tuple[Example, ...]) -> None:
        topics = [example.metadata["topic"] for example in examples]
        assert len(set(topics)) >= 10
        assert max(topics.count(topic) for topic in set(topics)) <= 15
        assert {example.metadata["difficulty"] for example in examples} == {"easy", "medium", "hard"}
        assert all(example.question.endswith("?") for example in examples)

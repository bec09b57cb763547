"""Tests of reading folders in the form of BEIR."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.domain.examples import Dataset
from app.services.datasets.importers import read_dataset
from app.services.imports.files import File
from tests.factories import properties
from tests.published_files import BEIR


def read(files: dict[str, bytes]) -> Dataset:
    return read_dataset("mine", [File(f"small/{name}", data) for name, data in files.items()]).dataset


def problems(files: dict[str, bytes]) -> tuple[str, list[tuple[str, str]]]:
    with pytest.raises(InvalidInput) as caught:
        read(files)
    return caught.value.message, [(error.field, error.message) for error in caught.value.errors]


class TestFolder:
    def test_queries_with_relevant_documents(self) -> None:
        dataset = read(BEIR)
        assert (dataset.scoring, dataset.source) == ("squad", "small")
        assert [(one.key, one.question, one.answers) for one in dataset.examples] == [
            ("q1", "who was a mason", ("Anselm",)),
            ("q2", "who worked with the hands", ("d2", "Anselm")),
            ("q3", "what sank", ("a ship",)),
        ]
        assert [one.metadata for one in dataset.examples] == [
            {"supporting": ["d1"], "answered_by": "titles"},
            {"supporting": ["d2", "d1"], "answered_by": "titles"},
            {"supporting": ["d3"]},
        ]

    def test_description_says_what_the_answers_are(self) -> None:
        said = read(BEIR).description
        assert said.startswith("BEIR, by test.tsv. 1 of 3 queries come with answers. Other queries")
        assert "titles of their relevant documents" in said
        assert said.endswith("Queries without a relevant document are left out: 1 of 4.")

    def test_judgements_beside_the_queries_come_first(self) -> None:
        dataset = read({**BEIR, "qrels.tsv": b"q4\td1\t1"})
        assert [one.key for one in dataset.examples] == ["q4"]

    def test_line_ends_of_windows(self) -> None:
        files = {name: data.replace(b"\n", b"\r\n") for name, data in BEIR.items()}
        assert read(files).examples == read(BEIR).examples


class TestWrong:
    @pytest.mark.parametrize("name", list(BEIR))
    def test_missing_file(self, name: str) -> None:
        message, errors = problems({one: data for one, data in BEIR.items() if one != name})
        assert "only as a BEIR folder" in message
        assert name in message
        assert errors[0][0] == "files"

    @pytest.mark.parametrize(
        ("name", "content", "place", "message"),
        [
            ("qrels/test.tsv", b"query-id\tcorpus-id\tscore\nq1 d1 1", "line 2", "separated by tabs"),
            ("qrels/test.tsv", b"q1 d1 1", "line 1", "separated by tabs"),
            ("qrels/test.tsv", b"q1\td1\t1\n\nq1\td1\tx", "line 3", "whole number"),
            ("qrels/test.tsv", b"q1\td1\t1\nq1\t\t1", "line 2", "query-id, corpus-id"),
            ("qrels/test.tsv", b"q1\td9\t1", "line 1", "'d9' is not in small/corpus.jsonl"),
            ("qrels/test.tsv", b"q9\td1\t1", "line 1", "'q9' is not in small/queries.jsonl"),
            ("corpus.jsonl", b'{"_id": "d1"}\n{"title": "t"}', "line 2", "needs an _id"),
            ("corpus.jsonl", b'{"_id": "d1", "title": 5}', "line 1", "title that is a text"),
            ("corpus.jsonl", b"nonsense", "line 1", "is not JSON"),
            ("queries.jsonl", b'{"text": "t"}', "line 1", "needs an _id"),
            ("queries.jsonl", BEIR["queries.jsonl"] + b"\n[]", "line 5", "not an object"),
            ("queries.jsonl", BEIR["queries.jsonl"].replace(b"text", b"words", 1), "line 1", "question is"),
            ("queries.jsonl", BEIR["queries.jsonl"].replace(b'"a ship"', b"[[]]"), "line 3", "answers must"),
            ("queries.jsonl", BEIR["queries.jsonl"] + b'\n{"_id": "q1", "text": "t"}', "line 5", "by line 1"),
        ],
    )
    def test_line_is_named_with_its_file(self, name: str, content: bytes, place: str, message: str) -> None:
        said, ((field, what),) = problems({**BEIR, name: content})
        assert said == f"small/{name} has 1 wrong line; nothing was imported."
        assert field == place
        assert message in what

    def test_nothing_judged(self) -> None:
        assert problems({**BEIR, "qrels/test.tsv": b"q1\td1\t0"})[0] == "small/queries.jsonl has no examples."


class TestProperties:
    @properties
    @given(st.sampled_from(list(BEIR)), st.binary(max_size=100), st.integers(0, 60), st.booleans())
    def test_any_bytes_are_read_or_refused(self, name: str, data: bytes, at: int, keep: bool) -> None:
        whole = BEIR[name]
        wrong = whole[:at] + data + (whole[at:] if keep else b"")
        outcome: Any
        try:
            outcome = read({**BEIR, name: wrong}).examples
        except InvalidInput as error:
            outcome = error.errors
        assert outcome

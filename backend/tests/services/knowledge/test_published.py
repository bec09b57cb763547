"""Tests of reading the paragraphs of published datasets: their ``supporting`` finds them."""

import copy
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.domain.passages import Article
from app.services.datasets.importers import read_dataset
from app.services.evaluation.scorers.retrieval import gold_of
from app.services.imports.files import File
from app.services.knowledge.importers import parse_articles
from tests.factories import properties
from tests.published_files import BEIR, HOTPOTQA, SQUAD

Told = list[tuple[str, str, str]]
HOTPOTQA_ARTICLES = [
    ("Anselm", "Anselm", "Anselm was a mason. He built the Tall Tower."),
    ("Tall Tower", "Tall Tower", "The Tall Tower is old. It stands in Norway."),
    ("Berta", "Berta", "Berta was a painter."),
    ("Tall Tower#2", "Tall Tower", "Another tower of this name is in Chile."),
]
SQUAD_ARTICLES = [
    ("Old_Castle#1", "Old Castle", "The castle was found by Greta in 1802."),
    ("Old_Castle#2", "Old Castle", "Its tower is of chalk."),
    ("Ship#1", "Ship", "The ship sank off Crete."),
]


def told(articles: list[Article]) -> Told:
    return [(one.key, one.title, one.text) for one in articles]


def read(*files: tuple[str, Any]) -> Told:
    return told(
        parse_articles(
            [File(name, data if isinstance(data, bytes) else orjson.dumps(data)) for name, data in files]
        )
    )


def problems(name: str, content: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        read((name, content))
    return [(error.field, error.message) for error in caught.value.errors]


def of_the_hub() -> list[dict[str, Any]]:
    rows = copy.deepcopy(HOTPOTQA)
    for row in rows:
        titles, sentences = zip(*row["context"], strict=True)
        row["context"] = {"title": list(titles), "sentences": list(sentences)}
    return rows


class TestHotpotqa:
    def test_each_paragraph_once(self) -> None:
        assert read(("hotpot.json", HOTPOTQA)) == HOTPOTQA_ARTICLES

    def test_other_forms_are_the_same(self) -> None:
        jsonl = b"\n".join(orjson.dumps(row) for row in of_the_hub())
        assert read(("a.jsonl", jsonl)) == read(("a.json", of_the_hub())) == HOTPOTQA_ARTICLES
        rows = copy.deepcopy(HOTPOTQA)
        for row in rows:
            row["context"] = [
                {"title": one[0], "text": " ".join(map(str.strip, one[1]))} for one in row["context"]
            ]
        assert read(("a.json", rows)) == HOTPOTQA_ARTICLES

    def test_each_once_over_several_files(self) -> None:
        assert read(("a.json", HOTPOTQA[:1]), ("b.json", HOTPOTQA)) == HOTPOTQA_ARTICLES

    @pytest.mark.parametrize(
        ("context", "message"),
        [
            (None, "context is missing"),
            ([["A"]], "pairs of title and sentences"),
            ([["A", 5]], "pairs of title and sentences"),
            ([["A", [5]]], "pairs of title and sentences"),
            ([["", ["text"]]], "pairs of title and sentences"),
            ([5], "pairs of title and sentences"),
            ({"title": ["A"], "sentences": []}, "as many titles"),
            ([["x" * 501, ["text"]]], "id must be"),
        ],
    )
    def test_wrong_item_or_line_is_named(self, context: Any, message: str) -> None:
        rows = [HOTPOTQA[0], {**HOTPOTQA[1], "context": context}]
        ((field, said),) = problems("a.json", rows)
        assert (field, message in said) == ("item 2", True)
        assert problems("a.jsonl", b"\n".join(map(orjson.dumps, rows))) == [("line 2", said)]

    def test_articles_with_a_question_stay_articles(self) -> None:
        row = {"id": "a", "question": "q", "context": [], "text": "t"}
        assert read(("a.jsonl", row)) == read(("a.json", [row])) == [("a", "", "t")]


class TestSquad:
    def test_each_paragraph(self) -> None:
        assert read(("squad.json", SQUAD)) == SQUAD_ARTICLES
        assert read(("a.json", SQUAD), ("b.json", SQUAD)) == SQUAD_ARTICLES

    def test_wrong_places_are_named(self) -> None:
        content = copy.deepcopy(SQUAD)
        content["data"][0]["paragraphs"][1] = {}
        content["data"][1]["paragraphs"] = 5
        content["data"].append({"title": "T", "paragraphs": [{"context": " "}]})
        fields = [field for field, _ in problems("a.json", content)]
        assert sorted(fields) == ["article 1, paragraph 2", "article 2", "item 2"]


class TestBeir:
    @pytest.mark.parametrize("folder", ["", "small/"])
    def test_queries_are_no_articles(self, folder: str) -> None:
        files = [(folder + name, BEIR[name]) for name in ("corpus.jsonl", "queries.jsonl")]
        assert [key for key, _, _ in read(*files)] == ["d1", "d2", "d3"]

    def test_queries_alone_are_read_as_articles(self) -> None:
        assert len(read(("queries.jsonl", BEIR["queries.jsonl"]))) == 4


@pytest.mark.parametrize(
    "files",
    [[("a.json", HOTPOTQA)], [("a.json", SQUAD)], [(name, data) for name, data in BEIR.items()]],
    ids=["hotpotqa", "squad", "beir"],
)
def test_supporting_names_articles_of_the_same_files(files: list[tuple[str, Any]]) -> None:
    given = [File(name, data if isinstance(data, bytes) else orjson.dumps(data)) for name, data in files]
    articles = parse_articles([file for file in given if not file.name.endswith(".tsv")])
    names = {name.casefold() for one in articles for name in (one.key, one.title)}
    for example in read_dataset("mine", given).dataset.examples:
        assert gold_of(example)
        assert gold_of(example) <= names


_content = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["question", "context", "title", "sentences", "data", "paragraphs", "text"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@properties
@given(_content)
def test_any_json_is_read_or_refused(content: Any) -> None:
    for name, value in (("a.json", content), ("a.json", [HOTPOTQA[0], content]), ("a.jsonl", content)):
        outcome: Any
        try:
            outcome = read((name, json.dumps(value).encode()))
        except InvalidInput as error:
            outcome = error.errors
        assert outcome

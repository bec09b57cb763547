"""Tests of reading datasets as their authors publish them."""

import copy
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.domain.examples import Dataset
from app.domain.scoring import ScoringRule
from app.services.datasets.importers import read_dataset
from app.services.imports.files import MAX_REPORTED, File
from tests.factories import properties
from tests.published_files import HOTPOTQA, SQUAD, TRIVIAQA

DATA = Path(__file__).parents[4] / "data" / "datasets"


def read(content: Any, name: str = "a.json", scoring: ScoringRule | None = None) -> Dataset:
    data = content if isinstance(content, bytes) else orjson.dumps(content)
    return read_dataset("mine", [File(name, data)], scoring).dataset


def lines(rows: list[Any]) -> bytes:
    return b"\n".join(orjson.dumps(row) for row in rows)


def problems(content: Any, name: str = "a.json") -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        read(content, name)
    return [(error.field, error.message) for error in caught.value.errors]


def changed(content: Any, *path: Any, value: Any) -> Any:
    """Return a copy of ``content`` in which one place has another value."""
    content = copy.deepcopy(content)
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return content


class TestTriviaqa:
    def test_value_first_then_aliases_each_once(self) -> None:
        dataset = read(TRIVIAQA)
        assert (dataset.scoring, dataset.description, dataset.source) == ("triviaqa", "TriviaQA.", "a.json")
        first, second = dataset.examples
        assert (first.key, first.question) == ("tc_1", TRIVIAQA["Data"][0]["Question"])
        assert first.answers == ("Pharos", "The Pharos", "Pharos Lighthouse", "lighthouse of pharos")
        assert second.answers == ("Ulrich Ensinger", "Ensinger")
        assert first.metadata == second.metadata == {}

    @pytest.mark.parametrize(
        ("path", "value", "message"),
        [
            ((), 5, "is not an object"),
            (("Answer",), None, "Answer is missing"),
            (("Answer", "Aliases"), "text", "must be a list"),
            (("Answer", "Value"), None, "must be texts"),
            (("Answer", "NormalizedAliases"), [1], "must be texts"),
            (("Answer",), {"Value": " "}, "answer is empty"),
            (("Question",), "", "question is missing"),
            (("QuestionId",), ["x"], "id must be"),
            (("QuestionId",), "tc_1", "is already used by item 1"),
        ],
    )
    def test_wrong_item_is_named(self, path: tuple[str, ...], value: Any, message: str) -> None:
        ((field, said),) = problems(changed(TRIVIAQA, "Data", 1, *path, value=value))
        assert field == "item 2"
        assert message in said

    def test_wrong_items_are_named_up_to_a_limit(self) -> None:
        with pytest.raises(InvalidInput, match=r"a.json has 30 wrong items \(the first 20 are") as caught:
            read({"Data": [TRIVIAQA["Data"][0], *[{}] * 30]})
        assert [one.field for one in caught.value.errors] == [f"item {n}" for n in range(2, MAX_REPORTED + 2)]


class TestHotpotqa:
    def test_gold_titles_and_no_context(self) -> None:
        dataset = read(HOTPOTQA)
        assert (dataset.scoring, dataset.description) == ("hotpotqa", "HotpotQA.")
        first, second = dataset.examples
        assert (first.key, first.answers, first.cluster) == ("h1", ("Norway",), None)
        assert first.metadata == {
            "kind": "bridge",
            "difficulty": "hard",
            "supporting": ["Anselm", "Tall Tower"],
        }
        assert second.metadata["supporting"] == ["Anselm", "Berta"]

    def test_jsonl_and_the_form_of_the_hub_are_the_same(self) -> None:
        rows = copy.deepcopy(HOTPOTQA)
        for row in rows:
            row["id"] = row.pop("_id")
            facts = row["supporting_facts"]
            row["supporting_facts"] = {
                "title": [one[0] for one in facts],
                "sent_id": [one[1] for one in facts],
            }
        expected = read(HOTPOTQA).examples
        assert read(rows).examples == read(lines(rows), "a.jsonl").examples == expected
        assert read(lines(rows), "a.jsonl").scoring == "hotpotqa"

    def test_list_of_gold_titles(self) -> None:
        row = {"question": "q", "answer": "a", "gold_titles": ["B", "A", "B"], "context": []}
        assert read([row]).examples[0].metadata == {"supporting": ["B", "A"]}

    @pytest.mark.parametrize(
        ("path", "value", "message"),
        [
            ((), [], "is not an object"),
            (("supporting_facts",), None, "are missing"),
            (("supporting_facts",), {"sent_id": [1]}, "are missing"),
            (("supporting_facts",), [[1, 0]], "pairs of title and sentence"),
            (("supporting_facts",), [[]], "pairs of title and sentence"),
            (("answer",), None, "answer is missing"),
            (("question",), None, "question is missing"),
        ],
    )
    def test_wrong_item_or_line_is_named(self, path: tuple[str, ...], value: Any, message: str) -> None:
        content = changed(HOTPOTQA, 1, *path, value=value)
        ((field, said),) = problems(content)
        assert (field, message in said) == ("item 2", True)
        if path:
            assert problems(lines(content), "a.jsonl") == [("line 2", said)]

    def test_jsonl_of_our_own_keeps_its_context(self) -> None:
        row = {"question": "q", "answer": "a", "context": ["text"], "type": "t"}
        dataset = read(lines([row]), "a.jsonl")
        assert (dataset.scoring, dataset.description) == ("squad", "")
        assert dataset.examples[0].metadata == {"context": ["text"], "type": "t"}


class TestSquad:
    def test_paragraphs_are_clusters_and_unanswerable_questions_left_out(self) -> None:
        dataset = read(SQUAD)
        assert dataset.scoring == "squad"
        assert dataset.description == "SQuAD 2.0. Unanswerable questions are left out: 1 of 4."
        assert [(one.key, one.answers, one.cluster) for one in dataset.examples] == [
            ("s1", ("Greta", "by Greta"), "Old_Castle#1"),
            ("s3", ("chalk",), "Old_Castle#2"),
            ("s4", ("Crete",), "Ship#1"),
        ]
        assert all(one.metadata == {"supporting": [one.cluster]} for one in dataset.examples)

    def test_title_twice_goes_on_counting(self) -> None:
        content = changed(SQUAD, "data", 1, "title", value="Old_Castle")
        assert [one.cluster for one in read(content).examples][-1] == "Old_Castle#3"

    def test_version_1_has_none_to_leave_out(self) -> None:
        content = {"version": "1.1", "data": SQUAD["data"][1:]}
        assert read(content).description == "SQuAD 1.1."

    @pytest.mark.parametrize(
        ("path", "value", "place", "message"),
        [
            ((1,), None, "article 2", "title and a list of paragraphs"),
            ((1, "title"), 7, "article 2", "title and a list of paragraphs"),
            ((1, "paragraphs"), {}, "article 2", "title and a list of paragraphs"),
            ((1, "paragraphs", 0), [], "article 2, paragraph 1", "context"),
            ((1, "paragraphs", 0, "context"), None, "article 2, paragraph 1", "context"),
            ((1, "paragraphs", 0, "qas"), None, "paragraph 'Ship#1'", "list of qas"),
            ((1, "paragraphs", 0, "qas", 0), "q", "item 4", "is not an object"),
            ((1, "paragraphs", 0, "qas", 0, "answers"), [], "item 4", "answer is empty"),
            ((1, "paragraphs", 0, "qas", 0, "answers"), ["a"], "item 4", "objects with a text"),
            ((1, "paragraphs", 0, "qas", 0, "answers"), [{"text": 1}], "item 4", "objects with a text"),
            ((1, "paragraphs", 0, "qas", 0, "question"), None, "item 4", "question is missing"),
            ((1, "title"), "x" * 501, "item 4", "cluster is longer"),
        ],
    )
    def test_wrong_place_is_named(self, path: tuple[Any, ...], value: Any, place: str, message: str) -> None:
        ((field, said),) = problems(changed(SQUAD, "data", *path, value=value))
        assert field == place
        assert message in said


class TestGsm8k:
    def test_scoring_follows_from_the_solution(self) -> None:
        rows = [
            {"question": "q", "answer": "2*3=<<2*3=6>>6\n#### 1,006"},
            {"question": "r", "answer": "#### 5"},
        ]
        dataset = read(lines(rows), "a.jsonl")
        assert dataset.scoring == "gsm8k"
        assert [one.answers for one in dataset.examples] == [("1006",), ("5",)]

    @pytest.mark.parametrize("answer", ["7", "#### none", "#### 5\nor so", "a #### 5"])
    def test_other_answers_are_texts(self, answer: str) -> None:
        assert read(lines([{"question": "q", "answer": answer}]), "a.jsonl").scoring == "squad"


class TestOwn:
    @pytest.mark.parametrize("path", sorted(DATA.glob("*/*.json")), ids=lambda path: path.stem)
    def test_those_that_ship(self, path: Path) -> None:
        content = json.loads(path.read_bytes())
        dataset = read(path.read_bytes())
        assert len(dataset.examples) == len(content["examples"])
        assert dataset.scoring == content["scoring"]
        assert (dataset.description, dataset.licence) == (content["description"], content["licence"])

    def test_head_may_be_missing(self) -> None:
        dataset = read(json.dumps({"examples": [{"question": "q", "answer": 10**30}]}).encode())
        assert (dataset.scoring, dataset.source) == ("squad", "a.json")
        assert dataset.examples[0].answers == (str(10**30),)

    @pytest.mark.parametrize(
        ("head", "message"),
        [
            ({"scoring": "bleu"}, "scoring must be one of"),
            ({"scoring": ["squad"]}, "scoring must be one of"),
            ({"licence": 5}, "licence is not a text"),
            ({"description": "x" * 2001}, "description is not a text, or is too long"),
            ({"source": "\0"}, "source is not a text"),
        ],
    )
    def test_wrong_head(self, head: dict[str, Any], message: str) -> None:
        ((field, said),) = problems({**head, "examples": [{"question": "q", "answer": "a"}]})
        assert field == "file"
        assert message in said

    def test_wrong_items(self) -> None:
        content = {"examples": [{"question": "q", "answer": "a"}, 5, {"question": "q"}]}
        assert [field for field, _ in problems(content)] == ["item 2", "item 3"]


class TestFormat:
    @pytest.mark.parametrize("content", [TRIVIAQA, HOTPOTQA, SQUAD])
    def test_scoring_that_is_named_wins(self, content: Any) -> None:
        assert read(content, scoring="triviaqa").scoring == "triviaqa"

    def test_byte_order_mark(self) -> None:
        assert len(read(b"\xef\xbb\xbf" + orjson.dumps(SQUAD)).examples) == 3

    @pytest.mark.parametrize(
        "content", [{}, [], 5, None, [1], {"data": [{}]}, {"Data": {}}, [{"question": "q", "x": "a"}]]
    )
    def test_unknown_json_is_told_what_is_understood(self, content: Any) -> None:
        with pytest.raises(InvalidInput, match="none of the known formats") as caught:
            read(content)
        assert all(name in caught.value.message for name in ("TriviaQA", "HotpotQA", "SQuAD", "examples"))
        assert "JSONL" in caught.value.hint

    @pytest.mark.parametrize("content", [{"Data": []}, {"data": []}, {"examples": []}])
    def test_nothing_in_it(self, content: Any) -> None:
        assert problems(content) == [("file", "is empty")]

    @pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b'{"Data": [}'])
    def test_not_json(self, content: bytes) -> None:
        assert problems(content) == [("file", "not JSON")]

    def test_not_utf8(self) -> None:
        assert problems(b'{"Data":\n["\xff"]}')[0][0] == "line 2"

    def test_half_of_a_surrogate_pair(self) -> None:
        content = json.dumps(changed(SQUAD, "data", 1, "title", value="\ud800")).encode()
        assert "surrogate" in problems(content)[0][1]
        content = json.dumps(changed(SQUAD, "data", 1, "title", value="\ud800")).replace("qas", "q").encode()
        assert "".join(f"{field}{said}" for field, said in problems(content)).encode()


_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_names = st.sampled_from(
    ["Data", "data", "examples", "Answer", "Value", "question", "answer", "answers", "supporting_facts"]
    + ["title", "paragraphs", "context", "qas", "text", "scoring", "gold_titles"]
)
_content = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=25,
)


class TestProperties:
    @properties
    @given(st.binary(max_size=200) | _content.map(lambda content: json.dumps(content).encode()))
    def test_any_bytes_are_read_or_refused(self, data: bytes) -> None:
        for name in ("a.json", "a.jsonl", "a.csv"):
            outcome: Any
            try:
                outcome = read(data, name).examples
            except InvalidInput as error:
                outcome = error.errors
            assert outcome

    @properties
    @given(st.sampled_from([TRIVIAQA, HOTPOTQA, SQUAD]), st.data())
    def test_any_wrong_place_is_read_or_refused(self, content: Any, data: st.DataObject) -> None:
        path: list[Any] = []
        place = content
        while isinstance(place, dict | list) and place and (not path or data.draw(st.booleans())):
            steps = list(place) if isinstance(place, dict) else range(len(place))
            path.append(data.draw(st.sampled_from(steps)))
            place = place[path[-1]]
        wrong = json.dumps(changed(content, *path, value=data.draw(_content))).encode()
        outcome: Any
        try:
            outcome = read(wrong).examples
        except InvalidInput as error:
            outcome = error.errors
        assert outcome

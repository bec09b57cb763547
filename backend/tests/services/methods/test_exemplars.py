"""Tests of the worked examples that ship with the project."""

import json
import re
from typing import Any

import pytest

from app.core.config import PROJECT_ROOT
from app.domain.examples import Example
from app.services.datasets.importers import load_builtin
from app.services.methods.answer_extraction import extract_answer
from app.services.methods.exemplars import EXEMPLARS_FILE, Exemplar, load_exemplars
from tests.arithmetic import compute, equations

KINDS = ("facts", "multi_hop", "arithmetic")
RAW: dict[str, Any] = json.loads(EXEMPLARS_FILE.read_text(encoding="utf-8"))
ALL = [exemplar for kind in KINDS for exemplar in load_exemplars(kind, 5)]  # type: ignore[arg-type]


def shipped() -> list[Example]:
    files = sorted((PROJECT_ROOT / "data" / "datasets").glob("*/*.json"))
    return [example for file in files for example in load_builtin(file).examples]


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


def test_five_of_each_kind() -> None:
    assert {name for name, value in RAW.items() if isinstance(value, list)} == set(KINDS)
    assert [len(RAW[kind]) for kind in KINDS] == [5, 5, 5]
    assert len({exemplar.question for exemplar in ALL}) == 15


@pytest.mark.parametrize("exemplar", ALL, ids=lambda exemplar: exemplar.question[:30])
def test_the_parser_reads_what_is_shown(exemplar: Exemplar) -> None:
    assert exemplar.worked.endswith(f"\nAnswer: {exemplar.answer}")
    parsed = extract_answer(exemplar.worked, exemplar.question)
    assert (parsed.text, parsed.rule) == (exemplar.answer, "answer_label")


@pytest.mark.parametrize("row", RAW["arithmetic"], ids=lambda row: row["answer"])
def test_arithmetic_is_right(row: dict[str, str]) -> None:
    assert compute(row["expression"]) == compute(row["answer"])
    written = list(equations(row["reasoning"]))
    assert len(written) >= 2
    assert all(compute(left) == right for left, right in written)
    assert written[-1][1] == compute(row["answer"])


def test_no_question_of_the_shipped_datasets_is_given_away() -> None:
    examples = shipped()
    assert len(examples) >= 100
    for exemplar in ALL:
        asked = words(exemplar.question)
        for example in examples:
            other = words(example.question)
            assert len(asked & other) / len(asked | other) < 0.5, (exemplar.question, example.question)


def test_no_answer_of_the_shipped_trivia_is_given_away() -> None:
    closed = {"yes", "no"}  # answers of any comparison
    answers = {answer.lower() for e in shipped() for answer in e.answers if not answer.isdigit()} - closed
    assert not answers & {exemplar.answer.lower() for exemplar in ALL if not exemplar.answer.isdigit()}

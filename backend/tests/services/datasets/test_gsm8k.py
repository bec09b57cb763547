"""Tests of the word problems that ship with the project: every one is computed."""

import json
import re
from typing import Any

import pytest

from app.core.config import PROJECT_ROOT
from app.domain.examples import Example
from app.services.datasets.importers import load_builtin
from app.services.datasets.service import DatasetService
from app.services.methods.answer_extraction import extract_answer
from app.services.runtime import Runtime
from tests.arithmetic import compute, equations
from tests.scoring import score_answer

FILE = PROJECT_ROOT / "data" / "datasets" / "gsm8k" / "gsm8k.json"
DATASET = load_builtin(FILE)
by_key = pytest.mark.parametrize("example", DATASET.examples, ids=lambda example: example.key)


# Units (60 minutes, 100 percent, 1000 millilitres) and what words say (half, twice, four, a tenth).
UNWRITTEN = {0.5, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 60, 100, 1000, 3600}


def numbers(text: str) -> set[str]:
    return {number.replace(",", "") for number in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)}


@by_key
def test_answer_is_what_the_expression_gives(example: Example) -> None:
    (answer,) = example.answers
    assert answer.isdigit()
    assert compute(example.metadata["expression"]) == int(answer)


@by_key
def test_every_step_of_the_solution_is_right(example: Example) -> None:
    solution = example.metadata["solution"]
    steps = list(equations(solution))
    assert 2 <= len(steps) == example.metadata["steps"] <= 8
    assert solution.count("=") == len(steps)  # none is written so that it is not seen here
    assert all(compute(left) == right for left, right in steps)
    assert steps[-1][1] == int(example.answers[0])
    assert solution.endswith(f"\n#### {example.answers[0]}")
    assert "<<" not in solution


@by_key
def test_solution_works_with_numbers_that_are_known(example: Example) -> None:
    known = numbers(example.question)
    for left, right in equations(example.metadata["solution"]):
        unknown = numbers(left) - known
        assert {float(number) for number in unknown} <= UNWRITTEN
        known |= {str(right)} | {f"{float(right):g}"}


@by_key
async def test_the_solution_itself_is_scored_as_right(example: Example) -> None:
    solution = example.metadata["solution"]
    parsed = extract_answer(solution, example.question, numeric=True)
    assert (parsed.text, parsed.rule) == (example.answers[0], "hashes")
    scores = await score_answer(parsed, solution, example.answers, "gsm8k")
    assert {score.name: score.value for score in scores} == dict.fromkeys(
        ("exact_match", "contains", "f1", "number_strict", "number_flexible", "number_official"), 1.0
    )


def test_fifty_unlike_questions() -> None:
    examples = DATASET.examples
    assert len(examples) == len({example.key for example in examples}) == 50
    words = [frozenset(re.findall(r"\w+", example.question.lower())) for example in examples]
    for i, one in enumerate(words):
        for other in words[:i]:
            assert len(one & other) / len(one | other) < 0.5, (sorted(one), sorted(other))
    assert all(example.question.endswith("?") for example in examples)
    assert len({example.metadata["topic"] for example in examples}) >= 30
    assert len({example.metadata["steps"] for example in examples}) >= 5


def test_no_question_tells_its_answer() -> None:
    telling = [example.key for example in DATASET.examples if example.answers[0] in numbers(example.question)]
    assert telling == []


def test_laid_out_like_the_trivia() -> None:
    def keys(raw: dict[str, Any]) -> set[str]:
        return set(raw)

    ours = json.loads(FILE.read_text(encoding="utf-8"))
    trivia = json.loads((FILE.parents[1] / "triviaqa" / "trivia_qa.json").read_text(encoding="utf-8"))
    assert keys(ours) == keys(trivia)
    assert {"id", "question", "answers", "topic"} <= keys(ours["examples"][0])
    assert (ours["licence"], ours["source"]) == (trivia["licence"], trivia["source"])
    assert "not taken from GSM8K" in ours["description"]


async def test_builtin(runtime: Runtime) -> None:
    async with runtime.sessions() as session:
        service = DatasetService(session)
        await service.add_builtins(PROJECT_ROOT / "data" / "datasets")
        row = await service.get("gsm8k")
        assert (row.size, row.scoring, row.licence) == (50, "gsm8k", "CC0-1.0")
        (first,) = await service.examples(row.id, -1, 1)
    assert first.answers == ["138"]
    assert first.extra["solution"].endswith("#### 138")

"""Stored runs as scorers judge them."""

from typing import Any

import pytest

from app.domain.examples import Example
from app.domain.passages import Chunk, Hit, Passage
from app.domain.prediction import ParseOutcome
from app.models import Run
from app.schemas.scoring import ParserName
from app.services.scorings.reading import prediction_of

EXAMPLE = Example("0", "Which river is it?", ("the Rhine",))


def call(text: str, **fields: Any) -> dict[str, Any]:
    """Return a call as it is stored."""
    return {
        "messages": [],
        "params": {},
        "text": text,
        "latency_ms": 1.0,
        "finish_reason": "stop",
        "model": None,
        "system_fingerprint": None,
        **fields,
    }


def run(*calls: dict[str, Any], **fields: Any) -> Run:
    """Return an answered run with these calls."""
    stored = {
        "output": "an output",
        "answer": "an answer",
        "parse_outcome": "answered",
        "parse_rule": "a rule",
    }
    return Run(calls=list(calls), **{"retrieved": None, **stored, **fields})


@pytest.mark.parametrize(
    ("parser", "text", "answer", "outcome"),
    [
        ("current", "The answer is the Rhine.", "the Rhine", ParseOutcome.ANSWERED),
        ("first_line", "\n  Rhine \nor the Elbe", "Rhine", ParseOutcome.ANSWERED),
        ("last_line", "I think.\nRhine\n\n", "Rhine", ParseOutcome.ANSWERED),
        ("whole_output", " the Rhine\nor so ", "the Rhine\nor so", ParseOutcome.ANSWERED),
        ("last_line", " \n", None, ParseOutcome.EMPTY),
        ("whole_output", "", None, ParseOutcome.EMPTY),
    ],
)
def test_a_parser_reads_the_output(
    parser: ParserName, text: str, answer: str | None, outcome: ParseOutcome
) -> None:
    found = prediction_of(run(call(text)), EXAMPLE, "squad", parser)
    assert (found.output, found.answer.text, found.answer.outcome) == (text, answer, outcome)


def test_without_one_the_stored_answer_counts() -> None:
    found = prediction_of(run(call("the Rhine")), EXAMPLE, "squad", None)
    assert (found.output, found.answer.text, found.answer.rule) == ("an output", "an answer", "a rule")


def test_votes_are_counted_anew() -> None:
    """By the whole outputs, two of three are equal once normalised; the first of these is the output."""
    calls = [call(text, vote={}) for text in ("Elbe", "Rhine", "the Rhine")]
    found = prediction_of(run(*calls), EXAMPLE, "squad", "whole_output")
    assert (found.output, found.answer.text) == ("Rhine", "Rhine")


def test_a_call_that_failed_has_no_output() -> None:
    failed = {"messages": [], "error": {"kind": "timeout", "message": "late"}}
    assert prediction_of(run(call("Rhine"), failed), EXAMPLE, "squad", "first_line").answer.text == "Rhine"


def test_passages_are_as_they_were() -> None:
    chunk = Chunk("a#0", "a", "Rivers", "", "The Rhine is long.", 0, 18)
    passage = Passage(chunk, {"dense": Hit(1, 0.5)}, dropped=True)
    found = prediction_of(run(retrieved=[passage.as_dict()]), EXAMPLE, "squad", None)
    assert found.passages == (passage,)

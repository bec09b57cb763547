"""From a stored run back to what scorers judge, with the answer read anew if that is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.domain.examples import Example
from app.domain.generation import GenerationResult
from app.domain.prediction import ParsedAnswer, ParseOutcome, Prediction
from app.domain.scoring import ScoringRule
from app.models import Run
from app.schemas.scoring import ParserName
from app.services.execution.replay import result_of, stored_prediction
from app.services.methods.answer_extraction import read_answer
from app.services.methods.cot import count_votes

Read = Callable[[GenerationResult, str, ScoringRule], ParsedAnswer]
"""From an output, its question and the scoring rule to the answer."""


def _line(place: int) -> Read:
    def read(result: GenerationResult, _question: str, _rule: ScoringRule) -> ParsedAnswer:
        lines = [line.strip() for line in result.text.splitlines() if line.strip()]
        return _taken(lines[place] if lines else "", PARSER_RULES[place])

    return read


def _whole(result: GenerationResult, _question: str, _rule: ScoringRule) -> ParsedAnswer:
    return _taken(result.text.strip(), "whole_output")


def _taken(text: str, rule: str) -> ParsedAnswer:
    return ParsedAnswer(text or None, ParseOutcome.ANSWERED if text else ParseOutcome.EMPTY, rule)


PARSER_RULES = {0: "first_line", -1: "last_line"}
PARSERS: Mapping[ParserName, Read] = {
    "current": read_answer,
    "first_line": _line(0),
    "last_line": _line(-1),
    "whole_output": _whole,
}


def prediction_of(run: Run, example: Example, rule: ScoringRule, parser: ParserName | None) -> Prediction:
    """Return what a method had made of an example, by its stored run.

    Its calls are left out: no scorer asks for them.

    Args:
        run: answered.
        example: that it answers.
        rule: of the dataset, by which answers are read and votes are counted.
        parser: how the answer is read from the output; ``None``: as it is stored.
    """
    stored = stored_prediction(run.output, run.answer, run.parse_outcome, run.parse_rule, run.retrieved)
    if parser is None:
        return stored
    calls = [call for call in run.calls if "text" in call]
    results = [result_of(call) for call in calls]
    answers = [PARSERS[parser](one, example.question, rule) for one in results]
    if not answers:
        return replace(stored, answer=_taken("", parser))
    chosen = len(answers) - 1
    if _is_vote(calls):
        votes = count_votes(answers, rule)
        chosen = max(range(len(votes)), key=lambda place: votes[place].votes)
    return replace(stored, output=results[chosen].text, answer=answers[chosen])


def _is_vote(calls: list[dict[str, Any]]) -> bool:
    return any("vote" in call for call in calls)

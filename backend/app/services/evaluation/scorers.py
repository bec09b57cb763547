"""Scorers: small functions from (prediction, accepted answers) to a score, in a registry.

A scorer has a name and a version. Results carry both, and two results are compared on a score only
where the versions agree: bump the version whenever a score could change for any input.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from app.domain.prediction import ParsedAnswer, Score
from app.services.evaluation.normalise import (
    Normaliser,
    gsm8k_flexible,
    gsm8k_strict,
    normalise_gsm8k,
    normalise_squad,
    normalise_triviaqa,
)

ScoringRule = Literal["triviaqa", "squad", "hotpotqa", "gsm8k"]
_CLOSED_ANSWERS = frozenset({"yes", "no", "noanswer"})


@dataclass(frozen=True, slots=True)
class Scorer:
    """A registered scorer.

    Attributes:
        kind: ``binary`` scores are 0 or 1 (a share, Wilson interval); ``graded`` lie in [0, 1].
        score: from the answer's text and the accepted answers to a value and the reason for it.
    """

    name: str
    version: int
    kind: Literal["binary", "graded"]
    score: Callable[[str, tuple[str, ...], ScoringRule], tuple[float, str]]


_normalisers: dict[ScoringRule, Normaliser] = {
    "triviaqa": normalise_triviaqa,
    "squad": normalise_squad,
    "hotpotqa": normalise_squad,
    "gsm8k": normalise_gsm8k,
}


def normalise(text: str, rule: ScoringRule) -> str:
    """Return ``text`` as the scorers of a dataset with this rule compare it."""
    return _normalisers[rule](text)


@lru_cache(maxsize=4096)
def _normalised(answers: tuple[str, ...], rule: ScoringRule) -> tuple[str, ...]:
    # Aliases repeat once normalised; dict.fromkeys keeps the first of each, in order.
    return tuple(dict.fromkeys(_normalisers[rule](answer) for answer in answers))


def _exact_match(text: str, answers: tuple[str, ...], rule: ScoringRule) -> tuple[float, str]:
    said = _normalisers[rule](text)
    if said in _normalised(answers, rule):
        return 1.0, f"“{said}” is an accepted answer"
    return 0.0, f"“{said}” is no accepted answer"


def _contains(text: str, answers: tuple[str, ...], rule: ScoringRule) -> tuple[float, str]:
    said = f" {_normalisers[rule](text)} "
    for answer in _normalised(answers, rule):
        if answer and f" {answer} " in said:
            return 1.0, f"holds “{answer}”"
    return 0.0, "holds no accepted answer"


def _f1(text: str, answers: tuple[str, ...], rule: ScoringRule) -> tuple[float, str]:
    said = _normalisers[rule](text)
    best, best_answer = 0.0, ""
    for answer in _normalised(answers, rule):
        value = _token_f1(said, answer, closed=rule == "hotpotqa")
        if value > best:
            best, best_answer = value, answer
    if best == 0.0:
        return 0.0, "shares no word with an accepted answer"
    return best, f"closest to “{best_answer}”"


def _token_f1(said: str, answer: str, *, closed: bool) -> float:
    if said == answer:
        return 1.0
    if closed and (said in _CLOSED_ANSWERS or answer in _CLOSED_ANSWERS):
        return 0.0
    said_words, answer_words = said.split(), answer.split()
    common = (Counter(said_words) & Counter(answer_words)).total()
    if common == 0:
        return 0.0
    precision, recall = common / len(said_words), common / len(answer_words)
    return 2 * precision * recall / (precision + recall)


def _number_strict(text: str, answers: tuple[str, ...], _: ScoringRule) -> tuple[float, str]:
    said = gsm8k_strict(text)
    return _same_number(said, answers, "no number after ####")


def _number_flexible(text: str, answers: tuple[str, ...], _: ScoringRule) -> tuple[float, str]:
    said = gsm8k_flexible(text)
    return _same_number(said, answers, "no number")


def _same_number(said: str | None, answers: tuple[str, ...], missing: str) -> tuple[float, str]:
    if said is None:
        return 0.0, missing
    if said in {normalise_gsm8k(answer) for answer in answers}:
        return 1.0, f"{said} is right"
    return 0.0, f"{said} is wrong"


SCORERS: dict[str, Scorer] = {
    scorer.name: scorer
    for scorer in (
        Scorer("exact_match", 1, "binary", _exact_match),
        Scorer("contains", 1, "binary", _contains),
        Scorer("f1", 1, "graded", _f1),
        Scorer("number_strict", 1, "binary", _number_strict),
        Scorer("number_flexible", 1, "binary", _number_flexible),
    )
}

_TEXT_SCORERS = ("exact_match", "contains", "f1")


def scorers_for(rule: ScoringRule) -> tuple[Scorer, ...]:
    """Return the scorers that a dataset with this rule is judged by."""
    names = (*_TEXT_SCORERS, "number_strict", "number_flexible") if rule == "gsm8k" else _TEXT_SCORERS
    return tuple(SCORERS[name] for name in names)


def score_answer(
    parsed: ParsedAnswer,
    output: str,
    answers: Sequence[str],
    rule: ScoringRule,
    scorers: Sequence[Scorer],
) -> list[Score]:
    """Score one answer; no answer is a 0 with its outcome as the reason, as the official rules have it.

    Number scorers read the whole output, since their rules look for the number themselves.
    """
    gold = tuple(answers)
    scores = []
    for scorer in scorers:
        text = output if scorer.name.startswith("number_") else parsed.text
        if text is None:
            scores.append(Score(scorer.name, 0.0, f"no answer ({parsed.outcome})"))
            continue
        value, reason = scorer.score(text, gold, rule)
        scores.append(Score(scorer.name, value, reason))
    return scores

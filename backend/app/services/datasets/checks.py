"""What may be wrong with a dataset that can be imported: said once, at the import."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import islice

from app.domain.examples import Example
from app.domain.scoring import ScoringRule
from app.services.evaluation.normalise import normalise
from app.services.imports.files import Report

_NAMED = 5  # places or groups in one warning
_SHARE = 0.1
"""From this share of answers on that are not in Latin script, another rule is suggested."""
_SHOWN_CHARS = 40


def warnings_of(
    examples: Sequence[Example], lines: Sequence[int], rule: ScoringRule, report: Report
) -> list[str]:
    """Return sentences on what a reader of the results would want to know about these examples.

    Args:
        examples: to be imported.
        lines: number of the line or item of each.
        rule: that its answers are scored by.
        report: gives the unit of the numbers.
    """
    unit = report.unit
    found = [
        _similar_keys(examples, lines, unit),
        *_repeated_questions(examples, lines, unit),
        _vanishing(examples, lines, rule, unit),
        _other_scripts(examples, lines, rule, unit),
    ]
    return [warning for warning in found if warning]


def _similar_keys(examples: Sequence[Example], lines: Sequence[int], unit: str) -> str:
    groups = _groups(examples, lambda example: _as_people_read(example.key))
    similar = [[examples[one].key for one in group] for group in groups]
    if not similar:
        return ""
    named = "; ".join(", ".join(f"“{key[:_SHOWN_CHARS]}”" for key in keys[:3]) for keys in similar[:_NAMED])
    more = _more(len(similar))
    where = f"{unit} {', '.join(str(lines[one]) for one in groups[0][:3])}"
    return (
        f"Ids that differ by case, blanks or “.0” alone are kept apart: {named}{more} (the first in {where})."
    )


def _as_people_read(key: str) -> str:
    key = key.strip().casefold()
    whole = key.removesuffix(".0")
    return whole if whole.isdigit() else key


def _repeated_questions(examples: Sequence[Example], lines: Sequence[int], unit: str) -> list[str]:
    groups = _groups(examples, lambda example: example.question)
    by_answers: dict[str, list[list[int]]] = {"different": [], "the same": []}
    for group in groups:
        differ = len({frozenset(examples[one].answers) for one in group}) > 1
        by_answers["different" if differ else "the same"].append(group)
    return [
        f"{_count(len(found), 'question')} {'is' if len(found) == 1 else 'are'} there more than once, with "
        f"{what} answers: {_places(found, lines, unit)}."
        for what, found in by_answers.items()
        if found
    ]


def _vanishing(examples: Sequence[Example], lines: Sequence[int], rule: ScoringRule, unit: str) -> str:
    """Return a warning about answers of which normalisation leaves nothing."""
    if rule in {"gsm8k", "multilingual"}:
        return ""
    places = [
        (line, answer)
        for example, line in zip(examples, lines, strict=True)
        for answer in example.answers
        if len(answer) <= _SHOWN_CHARS and not normalise(answer, rule)
    ]
    if not places:
        return ""
    named = ", ".join(f"“{answer}” ({unit} {line})" for line, answer in places[:_NAMED])
    return (
        f"Without punctuation and articles, as {rule} compares, nothing is left of "
        f"{_count(len(places), 'answer')}, so that any other answer of this kind (“the”) would be right: "
        f"{named}{_more(len(places))}. The scoring multilingual keeps them."
    )


def _other_scripts(examples: Sequence[Example], lines: Sequence[int], rule: ScoringRule, unit: str) -> str:
    if rule in {"gsm8k", "multilingual"}:
        return ""
    places = [
        (line, example.answers[0])
        for example, line in zip(examples, lines, strict=True)
        if not example.answers[0].isascii() and _is_in_another_script(example.answers[0])
    ]
    if len(places) < max(1, _SHARE * len(examples)):
        return ""
    line, answer = places[0]
    return (
        f"{len(places):,} of {_count(len(examples), 'answer')} are not in Latin script "
        f"(“{answer[:_SHOWN_CHARS]}”, {unit} {line}), and {rule} is made for English: "
        "the scoring multilingual fits better."
    )


def _is_in_another_script(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    other = sum("LATIN" not in unicodedata.name(letter, "") for letter in letters)
    return other > len(letters) / 2


def _groups(examples: Sequence[Example], of: Callable[[Example], str]) -> list[list[int]]:
    """Return the positions of examples that are alike, where more than one is."""
    positions: dict[str, list[int]] = defaultdict(list)
    for position, example in enumerate(examples):
        positions[of(example)].append(position)
    return [group for group in positions.values() if len(group) > 1]


def _places(groups: Sequence[Sequence[int]], lines: Sequence[int], unit: str) -> str:
    named = "; ".join(
        f"{unit}s {', '.join(str(lines[one]) for one in islice(group, 4))}{', …' if len(group) > 4 else ''}"
        for group in groups[:_NAMED]
    )
    return named + _more(len(groups))


def _more(count: int) -> str:
    return f" and {count - _NAMED:,} more" if count > _NAMED else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

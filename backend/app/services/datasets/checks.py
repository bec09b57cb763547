"""What may be wrong with a dataset that can be imported: said once, at the import.

Examples are seen one by one and not kept: of each, 32 bytes are. Texts are compared by their hashes of 64
bits; among a million, the chance that two different ones are taken for equal is 1 in 40 million.
"""

import unicodedata
from array import array
from collections.abc import Mapping, Sequence
from itertools import islice

from app.domain.examples import Example
from app.domain.scoring import ScoringRule
from app.services.evaluation.normalise import normalise

_NAMED = 5  # places or groups in one warning
_NAMED_KEYS = 3  # keys of a group
_SHARE = 0.1
"""From this share of answers on that are not in Latin script, another rule is suggested."""
_SHOWN_CHARS = 40


class Checks:
    """Collects what a reader of the results would want to know about the examples of an import.

    Args:
        rule: that the answers are scored by.
        unit: of the numbers of places: ``line``, ``item`` or ``row``.
    """

    def __init__(self, rule: ScoringRule, unit: str) -> None:
        self._rule = rule
        self._unit = unit
        self._lines, self._keys, self._questions, self._answers = (array("q") for _ in range(4))
        self._vanishing: list[tuple[int, str]] = []
        self._vanishing_count = self._other_scripts = 0
        self._other_script = (0, "")

    def add(self, example: Example, line: int) -> None:
        """Look at the next example, which stands in ``line``."""
        self._lines.append(line)
        self._keys.append(hash(_as_people_read(example.key)))
        self._questions.append(hash(example.question))
        self._answers.append(hash(frozenset(example.answers)))
        if self._rule not in {"gsm8k", "multilingual"}:
            self._compare(example, line)

    def _compare(self, example: Example, line: int) -> None:
        """Look for answers that the rule, made for English, cannot compare."""
        for answer in example.answers:
            if len(answer) <= _SHOWN_CHARS and not normalise(answer, self._rule):
                self._vanishing_count += 1
                if len(self._vanishing) < _NAMED:
                    self._vanishing.append((line, answer))
        first = example.answers[0]
        if not first.isascii() and _is_in_another_script(first):
            if not self._other_scripts:
                self._other_script = (line, first)
            self._other_scripts += 1

    def shown_keys(self) -> list[int]:
        """Return the positions of the examples whose keys ``warnings`` shows."""
        return [one for group in self._similar()[:_NAMED] for one in group[:_NAMED_KEYS]]

    def warnings(self, keys: Mapping[int, str]) -> list[str]:
        """Return a sentence for each thing that may be wrong.

        Args:
            keys: by position, of the examples that ``shown_keys`` gives.
        """
        found = [
            self._similar_keys(keys),
            *self._repeated_questions(),
            self._vanishing_answers(),
            self._foreign_answers(),
        ]
        return [warning for warning in found if warning]

    def _similar(self) -> list[list[int]]:
        return _repeated(self._keys)

    def _similar_keys(self, keys: Mapping[int, str]) -> str:
        similar = self._similar() if keys else []
        if not similar:
            return ""
        named = "; ".join(
            ", ".join(f"“{keys[one][:_SHOWN_CHARS]}”" for one in group[:_NAMED_KEYS])
            for group in similar[:_NAMED]
        )
        lines = ", ".join(str(self._lines[one]) for one in similar[0][:_NAMED_KEYS])
        return (
            f"Ids that differ by case, blanks or “.0” alone are kept apart: {named}{_more(len(similar))} "
            f"(the first in {self._unit} {lines})."
        )

    def _repeated_questions(self) -> list[str]:
        by_answers: dict[str, list[list[int]]] = {"different": [], "the same": []}
        for group in _repeated(self._questions):
            differ = len({self._answers[one] for one in group}) > 1
            by_answers["different" if differ else "the same"].append(group)
        return [
            f"{_count(len(found), 'question')} {'is' if len(found) == 1 else 'are'} there more than once, "
            f"with {what} answers: {self._places(found)}."
            for what, found in by_answers.items()
            if found
        ]

    def _places(self, groups: Sequence[Sequence[int]]) -> str:
        named = "; ".join(
            f"{self._unit}s {', '.join(str(self._lines[one]) for one in islice(group, 4))}"
            f"{', …' if len(group) > 4 else ''}"
            for group in groups[:_NAMED]
        )
        return named + _more(len(groups))

    def _vanishing_answers(self) -> str:
        """Return a warning about answers of which normalisation leaves nothing."""
        if not self._vanishing:
            return ""
        named = ", ".join(f"“{answer}” ({self._unit} {line})" for line, answer in self._vanishing)
        return (
            f"Without punctuation and articles, as {self._rule} compares, nothing is left of "
            f"{_count(self._vanishing_count, 'answer')}, so that any other answer of this kind (“the”) would "
            f"be right: {named}{_more(self._vanishing_count)}. The scoring multilingual keeps them."
        )

    def _foreign_answers(self) -> str:
        if self._other_scripts < max(1, _SHARE * len(self._lines)):
            return ""
        line, answer = self._other_script
        return (
            f"{self._other_scripts:,} of {_count(len(self._lines), 'answer')} are not in Latin script "
            f"(“{answer[:_SHOWN_CHARS]}”, {self._unit} {line}), and {self._rule} is made for English: "
            "the scoring multilingual fits better."
        )


def _as_people_read(key: str) -> str:
    key = key.strip().casefold()
    whole = key.removesuffix(".0")
    return whole if whole.isdigit() else key


def _is_in_another_script(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    other = sum("LATIN" not in unicodedata.name(letter, "") for letter in letters)
    return other > len(letters) / 2


def _repeated(hashes: "array[int]") -> list[list[int]]:
    """Return the positions of equal values, where there are several; in the order of their first."""
    import numpy as np

    values = np.frombuffer(hashes, dtype=np.int64)
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    equal = np.concatenate(([False], ordered[1:] == ordered[:-1], [False]))  # to the value before it
    starts = np.flatnonzero(equal[1:] & ~equal[:-1])
    ends = np.flatnonzero(equal[:-1] & ~equal[1:]) + 1
    groups = [order[start:end].tolist() for start, end in zip(starts, ends, strict=True)]
    return sorted(groups)


def _more(count: int) -> str:
    return f" and {count - _NAMED:,} more" if count > _NAMED else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

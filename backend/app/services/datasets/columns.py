"""Which column of a file is the question, which the answer: as the user says, or by the names people give.

A column is a column of a table, or a key of a JSON object.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from app.core.errors import FieldError, InvalidInput
from app.services.imports.rows import Row

FIELDS = ("question", "answer", "answers", "id", "cluster")
_SPELLINGS: dict[str, tuple[str, ...]] = {
    "question": ("question", "query", "prompt", "input", "problem", "question_text"),
    "answers": (
        "answers", "golden_answers", "gold_answers", "accepted_answers", "correct_answers",
        "possible_answers", "ground_truths", "references", "targets",
    ),
    "answer": (
        "answer", "golden_answer", "gold_answer", "correct_answer", "expected_answer", "reference_answer",
        "target", "gold", "expected", "expected_output", "ground_truth", "reference", "ideal",
    ),
    "id": ("id", "_id", "qid", "question_id"),
    "cluster": ("cluster",),
}  # fmt: skip
"""Names of the columns of each field, the first one that a file has is taken; case does not matter."""
_SHOWN = 8  # names of columns in a message
_NOT_READ = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """How the fields of an example are found in a row.

    Attributes:
        given: column of each field that the user has named; an empty name: the field is not read. A point
            leads into an object: ``answer.value``.
    """

    given: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, pairs: Iterable[str]) -> "Columns":
        """Return what ``field=column`` texts say.

        Raises:
            InvalidInput: for the field ``map``.
        """
        given: dict[str, str] = {}
        for pair in pairs:
            name, sign, column = (part.strip() for part in pair.partition("="))
            if name not in FIELDS or not sign:
                raise _wrong_mapping(f"{pair!r} is not FIELD=COLUMN with a field of {', '.join(FIELDS)}")
            if name in given:
                raise _wrong_mapping(f"{name} is given twice")
            given[name] = column
        if {"answer", "answers"} <= given.keys() and given["answer"] and given["answers"]:
            raise _wrong_mapping("answer and answers cannot both be given")
        return cls(MappingProxyType(given))

    def of(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the column of each field that is found among ``keys``, the columns of a file or row."""
        return dict(_columns(tuple(self.given.items()), tuple(keys)))

    def fits(self, keys: Sequence[str]) -> bool:
        """Return whether question and answers are found among ``keys``."""
        found = self.of(keys)
        known = set(keys)
        there = {name for name, column in found.items() if _is_in(column, known)}
        return "question" in there and bool({"answer", "answers"} & there)

    def apply(self, row: Row) -> tuple[Row, Row]:
        """Return the fields of an example in ``row``, and what is left of it."""
        found = _columns(tuple(self.given.items()), tuple(row))
        fields = {name: _value(row, column) for name, column in found.items()}
        used = set(found.values())
        return fields, {name: value for name, value in row.items() if name not in used}

    def missing(self, keys: Sequence[str], what: str) -> str:
        """Return what to say where ``what`` was not found among ``keys``."""
        shown = ", ".join(str(key)[:40] for key in list(keys)[:_SHOWN]) + (
            ", …" if len(keys) > _SHOWN else ""
        )
        there = f"there are: {shown}" if keys else "there are no columns"
        return f"{there}. Say which column is the {what}, as in --map {what}=NAME"

    def guessed(self, keys: Sequence[str]) -> str:
        """Return a sentence on the columns that have other names than ours; empty if there are none."""
        other = {
            name: column
            for name, column in self.of(keys).items()
            if column.strip().lower() != name and name not in self.given
        }
        if not other:
            return ""
        return (
            "Columns by their names: "
            + ", ".join(f"{name} from {column}" for name, column in other.items())
            + "."
        )


@lru_cache(maxsize=1024)
def _columns(given: tuple[tuple[str, str], ...], keys: tuple[str, ...]) -> Mapping[str, str]:
    """Return the column of each field, as ``Columns.of``; rows of a file often have the same keys."""
    found, named = dict(_guess(keys)), dict(given)
    if {"answer", "answers"} & named.keys():
        found.pop("answer", None)
        found.pop("answers", None)
    found.update(named)
    return MappingProxyType({name: column for name, column in found.items() if column != _NOT_READ})


def _guess(keys: tuple[str, ...]) -> Mapping[str, str]:
    plain: dict[str, str] = {}
    for key in keys:
        plain.setdefault(key.strip().casefold().replace(" ", "_").replace("-", "_"), key)
    found = {
        name: next(plain[spelling] for spelling in spellings if spelling in plain)
        for name, spellings in _SPELLINGS.items()
        if any(spelling in plain for spelling in spellings)
    }
    # A column with our name is what it says; another one beside it is something else.
    ours = {"answer", "answers"} & plain.keys()
    read = ours or ({"answers"} if "answers" in found else {"answer"})
    for name in {"answer", "answers"} - read:
        found.pop(name, None)
    return MappingProxyType(found)


def _is_in(column: str, keys: set[str]) -> bool:
    return column in keys or column.partition(".")[0] in keys


def _value(row: Row, column: str) -> object:
    if column in row:
        return row[column]
    value: object = row
    for part in column.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _wrong_mapping(message: str) -> InvalidInput:
    return InvalidInput(
        f"The columns are not clear: {message}.",
        hint="For example: question=input, answer=target.",
        errors=[FieldError("map", message)],
    )

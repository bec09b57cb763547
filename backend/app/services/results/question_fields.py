"""By which fields questions can be put into slices: keys of their metadata, and their length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.services.runs.slices_repository import MetadataField

QUESTION_LENGTH = "question_length"
"""The field that every dataset has: characters of the question."""
MOST_VALUES = 40
"""A field with more values than this names questions rather than grouping them."""
_LONGEST = 60
"""Characters of a value by which questions are grouped; longer ones are texts."""
_GROUPS = 4
_NO_VALUE = "no value"


@dataclass(frozen=True, slots=True)
class Grouping:
    """Questions by the values of a field.

    Attributes:
        names: of the groups, in their order.
        group_of: index of the group of each question, by content hash.
    """

    names: tuple[str, ...]
    group_of: Mapping[str, int]


def why_not(field: MetadataField) -> str:
    """Return why questions cannot be put into slices by ``field``, as a sentence; empty if they can."""
    if not field.single:
        return f"{field.name} has lists or objects as values."
    if field.values < 2:
        return f"{field.name} has the same value for all questions."
    if in_quantiles(field):
        return ""
    if field.longest > _LONGEST:
        return f"{field.name} has values of up to {field.longest:,} characters: they are texts, not groups."
    if _too_many(field):
        return (
            f"{field.name} has {field.values:,} values for {field.questions:,} questions: too many to group "
            f"them by. At most {MOST_VALUES} are compared, with two questions each on average."
        )
    return ""


def in_quantiles(field: MetadataField) -> bool:
    """Return whether a field has so many numbers that questions are put into quarters by them."""
    return field.numeric and _too_many(field)


def by_value(values: Mapping[str, str | None]) -> Grouping:
    """Return questions by their values, numbers in their order; those without a value come last.

    Args:
        values: of each question, by content hash.
    """
    found = sorted({one for one in values.values() if one is not None}, key=value_order)
    number = {one: place for place, one in enumerate(found)}
    names = (*found, _NO_VALUE) if None in values.values() else tuple(found)
    return Grouping(names, {key: len(found) if one is None else number[one] for key, one in values.items()})


def by_quantile(values: Mapping[str, float | None], unit: str = "") -> Grouping:
    """Return questions in four groups of about the same size, by the quartiles of a number.

    Equal numbers are never parted, so that groups may be larger, or fewer.

    Args:
        values: of each question, by content hash.
        unit: of the numbers, for the names of the groups.
    """
    known = np.array(sorted(one for one in values.values() if one is not None), dtype=np.float64)
    if not known.size:
        return Grouping((_NO_VALUE,), dict.fromkeys(values, 0))
    shares = [place / _GROUPS for place in range(1, _GROUPS + 1)]
    upper = np.unique(np.quantile(known, shares, method="inverted_cdf"))
    groups = {
        key: len(upper) if one is None else int(np.searchsorted(upper, one)) for key, one in values.items()
    }
    names = [_range(known[np.searchsorted(upper, known) == place], unit) for place in range(len(upper))]
    return Grouping((*names, _NO_VALUE) if None in values.values() else tuple(names), groups)


def value_order(value: str) -> tuple[bool, float, str]:
    """Return the place of a value: numbers first, in their order."""
    try:
        return (False, float(value), value)
    except ValueError:
        return (True, 0.0, value)


def _too_many(field: MetadataField) -> bool:
    return field.values > MOST_VALUES or field.values * 2 > field.questions


def _range(values: Sequence[float], unit: str) -> str:
    low, high = (f"{one:g}" for one in (min(values), max(values)))
    return " ".join(filter(None, [low if low == high else f"{low} to {high}", unit]))

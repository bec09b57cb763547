"""Reading accepted answers as people and published files write them."""

import json
import math
from collections.abc import Mapping
from contextlib import suppress

from app.services.evaluation.numbers import find_numbers, single_number

MAX_ANSWERS = 1_000
_MAX_EXACT = 10**15  # larger floats are no whole numbers that anybody has written
_HOLDERS = ("text", "value", "spans")
"""Keys of the answer's text in objects: of SQuAD, TriviaQA and DROP on the Hugging Face hub."""


def read_golds(fields: Mapping[str, object]) -> tuple[str, ...] | str:
    """Return the accepted answers in the fields of an example, or a message that says what would do."""
    given = fields.get("answers")
    if isinstance(given, str):
        given = _listed(given)
    given = fields.get("answer") if given is None else given
    if given is None:
        null = "answer" in fields or "answers" in fields
        return "answer is missing" + (" (null)" if null else "") + ": give answer, or a list answers"
    values = _values(given)
    if isinstance(values, str):
        return values
    texts: dict[str, None] = {}
    for value in values:
        problem = _problem(value)
        if problem:
            return problem
        texts.update(dict.fromkeys(_texts(value)))
    texts.pop("", None)
    if not texts:
        return "answer is empty: give a text, or leave the line out"
    return tuple(texts) if len(texts) <= MAX_ANSWERS else f"has more than {MAX_ANSWERS} answers"


def _listed(text: str) -> object:
    """Return a list that was written as text, as CSV and some published files have it; else the text."""
    if text.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            return json.loads(text)
    return text


def _values(given: object) -> list[object] | str:
    """Return the single answers, or a message."""
    if isinstance(given, dict):
        holder = next((name for name in _HOLDERS if name in given), None)
        if holder is None:
            keys = ", ".join(map(str, list(given)[:8]))
            return (
                f"answers must be texts or numbers, not an object (with {keys}): name the key, "
                "as in --map answer=answer.KEY"
            )
        found, aliases = given[holder], given.get("aliases") or []
        parts = found if isinstance(found, list) else [found]
        return [*parts, *aliases] if isinstance(aliases, list) else parts
    if not isinstance(given, list):
        return [given]
    return [one["text"] if isinstance(one, dict) and "text" in one else one for one in given]


def _problem(value: object) -> str | None:
    """Return why a value is no answer, and what would do."""
    if value is None:
        return "answers must be texts or numbers, not null: leave it out of the list"
    if isinstance(value, bool):
        return "answers must be texts or numbers, not true or false: write the word, such as yes or no"
    if isinstance(value, list):
        return 'answers must be texts or numbers in one flat list: ["a", "b"]'
    if not isinstance(value, str | int | float):
        return "answers must be texts or numbers, not objects"
    if isinstance(value, float) and not math.isfinite(value):
        return "answers must be texts or finite numbers: NaN stands for a missing answer; leave the line out"
    return None


def _texts(value: object) -> tuple[str, ...]:
    """Return a value as text; a whole number with a point (5.0, as pandas writes 5) without it, too."""
    text = str(value).strip()
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_EXACT:
        return text, str(int(value))
    return (text,)


def number_problem(answer: str) -> str | None:
    """Return why an answer cannot be compared as a number, and what would do; ``None`` if it can."""
    if single_number(answer) is not None:
        return None
    count = len(find_numbers(answer))
    why = "no number" if count == 0 else "no single number" if count == 1 else f"{count} numbers"
    return (
        f"the answer “{answer[:60]}” is {why}, and gsm8k compares numbers: "
        "write a single one, or choose another scoring"
    )

"""What the log of a harness says, in one form for all of them."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import orjson

from app.domain.generation import Usage
from app.domain.harness import Harness
from app.domain.json import JsonObject
from app.domain.scoring import Score

OURS = "llmforge"
"""Key of what our exports say in the log of a harness beside what that harness would."""
_NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class LoggedAnswer:
    """One answer to one question, as a harness has logged it.

    Attributes:
        place: where it stands in the file, for messages.
        key: the question's id in the harness.
        repeat: index of the answer among those to the same question, from 0.
        question: the text that was asked, without the prompt around it where the log tells both apart.
        answers: accepted answers; empty if the log names none.
        output: text of the answer; ``None`` if there is none.
        error: why there is no answer.
        messages: the prompt as it was sent, as messages of a chat.
        scores: what the harness gave, by names that begin with the harness's own.
        usage: tokens.
        latency_ms: what the answer took, in milliseconds.
        cost_usd: what it cost, in US dollars.
        finish_reason: why the answer ended.
        metadata: what else the log says of the question.
    """

    place: str
    key: str
    repeat: int
    question: str
    answers: tuple[str, ...]
    output: str | None
    error: str | None = None
    messages: tuple[JsonObject, ...] = ()
    scores: Mapping[str, Score] = field(default_factory=dict)
    usage: Usage = _NO_USAGE
    latency_ms: float | None = None
    cost_usd: float | None = None
    finish_reason: str | None = None
    metadata: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Log:
    """One evaluation of one model: what becomes one experiment.

    Attributes:
        harness: that made it.
        harness_version: of its package; ``None`` if the log does not say.
        name: for people.
        task: what was asked; names the dataset unless the user does.
        model: as the harness calls it.
        settings: how it was run: parameters, prompts, seeds, whatever the log says.
        answers: reads all answers, from the beginning at each call.
    """

    harness: Harness
    harness_version: str | None
    name: str
    task: str
    model: str
    settings: JsonObject
    answers: Callable[[], Iterator[LoggedAnswer]]


class BrokenEntry(ValueError):
    """An entry of a log is not as this version knows it.

    Args:
        place: of the entry, for people.
        problem: what is wrong with it.
    """

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


def scored(name: str, value: object, reason: str = "") -> Score:
    """Return a harness's score; one that is no number in [0, 1] is unscored, and says its value.

    Args:
        name: of ``score_name``.
        value: as the log has it: a number, or a truth value; ``None`` or NaN for none.
        reason: what the harness says of it.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Score(name, None, reason[:200] or "the harness gave no value")
    if isinstance(value, bool | int | float) and 0 <= value <= 1:
        return Score(name, float(value), reason[:200])
    return Score(name, None, f"the harness gave {str(value)[:100]!r}, which is no number from 0 to 1")


def parsed(data: bytes | memoryview) -> object:
    """Return what JSON says, also where it holds NaN, as harnesses write it for what has no value.

    Raises:
        json.JSONDecodeError: if it is no JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        with suppress(UnicodeDecodeError, RecursionError):
            return json.loads(bytes(data))
        raise


def own_identity(row: Mapping[str, object]) -> tuple[str, int] | None:
    """Return the question's key and the repeat that an export of ours has noted; ``None`` in other logs."""
    about = row.get(OURS)
    if not isinstance(about, Mapping):
        return None
    key, repeat = about.get("key"), count_or_none(about.get("repeat"))
    return (key, repeat) if isinstance(key, str) and key and repeat is not None else None


def text_of(content: object) -> str:
    """Return the text of a message's content; of a list of parts, that of those which have any."""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        texts = [part.get("text") for part in content if isinstance(part, Mapping)]
        return "\n".join(text for text in texts if isinstance(text, str))
    return ""


def message_of(role: object, content: object) -> JsonObject:
    """Return a message of a chat as calls are stored."""
    return {"role": role if isinstance(role, str) else "user", "content": text_of(content)}


def number_or_none(value: object) -> float | None:
    """Return a number that is finite and not negative, or ``None``."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value)
    return None


def count_or_none(value: object) -> int | None:
    """Return a whole number that is not negative, or ``None``."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

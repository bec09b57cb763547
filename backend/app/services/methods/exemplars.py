"""Worked examples for prompts: a question, the reasoning, and the answer, by kind of question.

They are text of ``configs/cot_examples.json``, read anew for each experiment; the hash of an
experiment's prompts covers them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from app.domain.scoring import ScoringRule

ExemplarKind = Literal["facts", "multi_hop", "arithmetic"]
EXEMPLARS_FILE = Path(__file__).resolve().parents[4] / "configs" / "cot_examples.json"

T = TypeVar("T")

_kinds: dict[ScoringRule, ExemplarKind] = {
    "triviaqa": "facts",
    "squad": "facts",
    "hotpotqa": "multi_hop",
    "gsm8k": "arithmetic",
}


class ExemplarsError(Exception):
    """The worked examples cannot be read; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A question that is answered with its reasoning shown."""

    question: str
    reasoning: str
    answer: str

    @property
    def worked(self) -> str:
        """The reasoning, and the answer on a line of its own."""
        return f"{self.reasoning}\nAnswer: {self.answer}"

    def as_dict(self) -> dict[str, str]:
        """Return the exemplar as JSON, in the words that a prompt has."""
        return {"question": self.question, "worked": self.worked}


def kind_for(rule: ScoringRule) -> ExemplarKind:
    """Return the kind of worked examples that suits a dataset's scoring."""
    return _kinds[rule]


def load_exemplars(kind: ExemplarKind, shots: int, path: Path = EXEMPLARS_FILE) -> tuple[Exemplar, ...]:
    """Return the first ``shots`` worked examples of a kind, in file order.

    Raises:
        ExemplarsError: if the file cannot be read, or has fewer of this kind.
    """
    if shots == 0:
        return ()
    found = read_examples(path, kind, _exemplar)
    if len(found) < shots:
        raise ExemplarsError(f"{path.name} has {len(found)} worked examples of the kind {kind}, not {shots}.")
    return tuple(found[:shots])


def read_examples(path: Path, kind: ExemplarKind, convert: Callable[[dict[str, Any]], T]) -> list[T]:
    """Return the worked examples of a kind from a JSON file, each made by ``convert`` from its object.

    Raises:
        ExemplarsError: if the file cannot be read, or an example lacks a field.
    """
    try:
        return [convert(row) for row in json.loads(path.read_text(encoding="utf-8"))[kind]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ExemplarsError(f"The worked examples in {path.name} cannot be read: {error!r}.") from error


def _exemplar(row: dict[str, Any]) -> Exemplar:
    return Exemplar(str(row["question"]), str(row["reasoning"]), str(row["answer"]))

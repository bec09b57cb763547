"""Worked examples for prompts: a question, the reasoning, and the answer, by kind of question.

They stand in ``configs/cot_examples.json``, which is read anew for each experiment; the prompt hash of an
experiment covers them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from app.domain.json import JsonObject
from app.domain.scoring import ScoringRule
from app.schemas.method_config import ExemplarChoice

ExemplarKind = Literal["facts", "multi_hop", "arithmetic"]
EXEMPLARS_FILE = Path(__file__).resolve().parents[4] / "configs" / "cot_examples.json"

T = TypeVar("T")

_kinds: dict[ScoringRule, ExemplarKind] = {
    "triviaqa": "facts",
    "squad": "facts",
    "hotpotqa": "multi_hop",
    "gsm8k": "arithmetic",
    "multilingual": "facts",
}


class ExemplarsError(Exception):
    """The worked examples cannot be read; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A question, the reasoning towards its answer, and the answer."""

    question: str
    reasoning: str
    answer: str

    @property
    def worked(self) -> str:
        """The reasoning, and the answer on a line of its own."""
        return f"{self.reasoning}\nAnswer: {self.answer}"

    def as_dict(self) -> dict[str, str]:
        """Return the exemplar as JSON, with the text that a prompt shows."""
        return {"question": self.question, "worked": self.worked}


def kind_for(choice: ExemplarChoice, rule: ScoringRule) -> ExemplarKind:
    """Return the kind of worked examples that is chosen; ``auto``: the kind that suits the scoring."""
    return _kinds[rule] if choice == "auto" else choice


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


def read_examples(path: Path, kind: ExemplarKind, convert: Callable[[JsonObject], T]) -> list[T]:
    """Return the worked examples of a kind from a JSON file, each made by ``convert`` from its object.

    Raises:
        ExemplarsError: if the file cannot be read, or an example lacks a field.
    """
    try:
        return [convert(row) for row in json.loads(path.read_text(encoding="utf-8"))[kind]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ExemplarsError(f"The worked examples in {path.name} cannot be read: {error!r}.") from error


def _exemplar(row: JsonObject) -> Exemplar:
    return Exemplar(str(row["question"]), str(row["reasoning"]), str(row["answer"]))

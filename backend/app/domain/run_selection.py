"""Which runs of an experiment a list is to show, and in which order."""

from dataclasses import dataclass
from typing import Literal

RunSort = Literal["order", "latency_ms", "f1", "score", "tokens", "cost_usd", "output_length"]
AnswerAttribution = Literal["supported", "unsupported", "misread", "not_retrieved"]
LabelFilter = Literal["right", "wrong", "unclear", "none"]
"""What most people say of an answer; "none": nobody has labelled it."""
RunFilter = Literal["all", "correct", "partial", "wrong", "failed", "cached", "unscored"]


@dataclass(frozen=True, slots=True)
class Between:
    """Bounds of a number, both included; ``None`` is no bound."""

    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class RunSelection:
    """Which runs to list; empty fields do not restrict.

    Attributes:
        outcome: by the value of ``score``, or by what became of the run.
        score: name of the score that ``outcome``, ``value`` and the sort key ``score`` are about.
        scoring: by which scoring of the experiment; empty: that which it was run with.
        text: words that must all occur in the question, its key, an accepted answer, the answer, the
            output or the message of a failure.
        failure_kinds: any of these.
        attributions: where the answer went right or wrong, any of these, of runs that retrieved.
        labels: what people say of the answer, any of these.
        differs_from: name of another score that calls an answer right where ``score`` does not, or the
            other way round; runs that lack one of the two are left out. Empty: any.
        slices: pairs of a key and a value of the examples' metadata; all must hold.
        value: of the score.
        latency_ms: in milliseconds.
        tokens: of prompt and completion together.
    """

    outcome: RunFilter = "all"
    score: str = "exact_match"
    scoring: str = ""
    text: str = ""
    failure_kinds: tuple[str, ...] = ()
    attributions: tuple[AnswerAttribution, ...] = ()
    labels: tuple[LabelFilter, ...] = ()
    differs_from: str = ""
    slices: tuple[tuple[str, str], ...] = ()
    value: Between = Between()
    latency_ms: Between = Between()
    tokens: Between = Between()

    @property
    def asks_of_questions(self) -> bool:
        """Whether the examples must be read to know which runs are meant."""
        return bool(self.text.split() or self.slices)

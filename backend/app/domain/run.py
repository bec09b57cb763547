"""One run (one example, answered once by one experiment) as it is stored, and the counts of many."""

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from app.domain.json import JsonObject
from app.domain.prediction import ParseOutcome
from app.domain.scoring import Score
from app.domain.stages import StoredStage
from app.domain.status import FailureKind, RunStatus

LEFT_OUT = "left_out:"
"""With the name of a parameter: the kind of warning that it was left out, since the model refuses it."""


class RunWarning(TypedDict):
    """What makes the answer of a run less reliable: of which kind it is, and in words.

    Kinds: ``cut_off_thinking``, ``prompt_cut``, ``window_full``, and those of ``LEFT_OUT``.
    """

    kind: str
    message: str


# Not frozen, though nobody changes one: Python would set each of its many fields by a call.
@dataclass(slots=True)
class RunRecord:
    """A finished run, before it is stored: one field for each column that the executor fills.

    The defaults are those of a run without an answer; a failed run sets little more than the failure.

    Attributes:
        example_id: row id of the example.
        repeat: index of the repeat, from 0.
        failure_kind: why the run failed; ``None`` for an answered one.
        output: text of the model that the answer was parsed from.
        parse_rule: the parsing rule that matched.
        exact_match: the value of the score of that name, also in ``scores``; lists sort and filter by it.
        contains: likewise.
        f1: likewise.
        scores: by name.
        cached: whether every call was answered from the response cache.
        attempts: the most attempts that one of its calls took; 0 if all came from the cache.
        latency_ms: what a user of the method waits for an answer, in milliseconds: model, retrieval and
            tools; waiting in this process not included. Of a run from the cache it is what the calls took
            when they were made; ``None`` for a failed run, and for one of which only some calls came
            from the cache.
        queue_ms: time that the calls waited for the concurrency limiter, in milliseconds.
        prompt_tokens: sum over the answered calls, cached ones included; ``None`` if there are none, or a
            server reported none.
        completion_tokens: likewise.
        cost_usd: of the answered calls, cached ones included, at the catalog's prices; ``None`` if a price
            or a count is unknown.
        calls: every model call, as sent and as answered.
        retrieved: passages, best first; ``None`` if the method retrieves nothing.
        trace: what an agent did; ``None`` if the method is no agent.
        model_ms: the part of the latency that the model calls took, in milliseconds; ``None`` in runs from
            before there was such a part, whose latency is the time of the model alone.
        paid_prompt_tokens: the part of ``prompt_tokens`` that was paid for: of calls that were made, and
            not answered from the cache.
        paid_completion_tokens: likewise.
        paid_usd: the part of ``cost_usd`` that was paid.
        reasoning_tokens: the part of ``completion_tokens`` that was thinking, as far as servers report it.
        cache_read_tokens: the part of ``prompt_tokens`` that came from the provider's prompt cache, likewise.
        cache_write_tokens: the part that was put into it, likewise.
        warnings: what makes the answer less reliable; ``None`` if nothing does.
        answered_calls: calls that were answered, from a cache or by the model; ``None`` in runs from before
            they were counted.
        cache_use: how many of them came from which tier of the response cache, and what that has saved;
            see ``domain.metrics.RunFacts``. ``None`` if no cache was of use.
        stages: where its time went, in order; ``None`` in runs from before that was measured.
    """

    experiment_id: uuid.UUID
    example_id: int
    repeat: int
    status: RunStatus
    calls: list[JsonObject]
    failure_kind: FailureKind | None = None
    failure_message: str | None = None
    output: str | None = None
    answer: str | None = None
    parse_outcome: ParseOutcome | None = None
    parse_rule: str | None = None
    exact_match: float | None = None
    contains: float | None = None
    f1: float | None = None
    scores: Mapping[str, Score] = field(default_factory=dict)
    cached: bool = False
    attempts: int = 0
    latency_ms: float | None = None
    queue_ms: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    retrieved: list[JsonObject] | None = None
    trace: JsonObject | None = None
    model_ms: float | None = None
    paid_prompt_tokens: int | None = None
    paid_completion_tokens: int | None = None
    paid_usd: float | None = None
    reasoning_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    warnings: list[RunWarning] | None = None
    answered_calls: int | None = None
    cache_use: Mapping[str, float] | None = None
    stages: list[StoredStage] | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of stored runs: of an experiment, or of a part of it.

    Attributes:
        stored: all runs.
        failed: those without an answer.
        correct: sum of exact match.
        scored: runs with an exact match score.
        cached: runs that were answered from the response cache.
        failures: failed runs by kind.
    """

    stored: int = 0
    failed: int = 0
    correct: float = 0.0
    scored: int = 0
    cached: int = 0
    failures: Mapping[FailureKind, int] = field(default_factory=dict)

    def __add__(self, other: "Tally") -> "Tally":
        """Return the counts of both together."""
        failures = Counter(self.failures)
        failures.update(other.failures)
        return Tally(
            self.stored + other.stored,
            self.failed + other.failed,
            self.correct + other.correct,
            self.scored + other.scored,
            self.cached + other.cached,
            failures,
        )

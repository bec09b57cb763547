"""The trace of an agent: its steps for one question, and the outcome."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Literal, TypedDict

from app.domain.json import JsonObject


class AgentOutcome(StrEnum):
    """How an agent ended."""

    ANSWERED = "answered"
    """The agent answered by itself."""
    ITERATION_LIMIT = "iteration_limit"
    STUCK = "stuck"
    """It repeated the same action."""
    PARSE_FAILURE = "parse_failure"
    """No action could be parsed, also after a repair prompt."""
    TOOL_FAILURE = "tool_failure"
    """It used an unavailable tool again."""
    CONTEXT_OVERFLOW = "context_overflow"
    """The transcript no longer fitted the model's context window."""
    FAILED = "failed"
    """A model call failed after its retries, and with it the run."""


UseClass = Literal["successful", "failed", "unneeded"]
"""successful: the answer or a later step used the result; unneeded: none did; failed: there was none."""
USE_CLASSES: tuple[UseClass, ...] = ("successful", "failed", "unneeded")


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One use of a tool.

    Attributes:
        tool: its name as the model wrote it; there may be no such tool.
        arguments: as the model wrote them.
        observation: what the model was shown, possibly truncated.
        success: whether the tool returned a result.
        error: ``retry`` or ``final``; ``None`` without an error.
        duration_s: seconds that the tool took.
        cut: characters of the result that the model was not shown.
        repeated: whether the same action was executed before; the tool did not run again.
        needed: whether the answer or a later step used a word of the result; ``None``: not judged.
    """

    tool: str
    arguments: JsonObject
    observation: str
    success: bool
    error: str | None
    duration_s: float
    cut: int = 0
    repeated: bool = False
    needed: bool | None = None

    @property
    def kind(self) -> UseClass:
        """See ``UseClass``."""
        if not self.success:
            return "failed"
        return "successful" if self.needed else "unneeded"


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the model, with the use of a tool or the answer.

    Attributes:
        thought: what the model wrote before its action.
        use: of a tool; ``None`` if the turn used none.
        answer: ``None`` if the turn gave none.
        read_as: the notation in which the action was written; empty if none was found.
        last: whether this is the reply to the final answer prompt.
        repaired: whether a repair prompt was needed.
        calls: indices of its model calls among those of the run, from 0.
        prompt_tokens: of these calls; ``None`` if the server did not report them.
        completion_tokens: likewise.
        duration_s: seconds of these calls; ``None`` if nobody knows.
    """

    thought: str
    use: ToolUse | None = None
    answer: str | None = None
    read_as: str = ""
    last: bool = False
    repaired: bool = False
    calls: tuple[int, ...] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    duration_s: float | None = 0.0


class TraceSummary(TypedDict):
    """The part of a stored trace that aggregates need; see ``Trace``."""

    outcome: str
    reason: str
    source: int | None
    iterations: int
    repairs: int
    uses: dict[str, dict[UseClass, int]]


@dataclass(frozen=True, slots=True)
class Trace:
    """The steps of an agent for one question, and the outcome.

    Attributes:
        steps: in order.
        outcome: how the agent ended.
        reason: for the outcome, in words; empty if the agent answered.
        source: index of the step whose observation contains the answer; ``None`` if none does.
    """

    steps: tuple[Step, ...]
    outcome: AgentOutcome
    reason: str = ""
    source: int | None = None

    @property
    def iterations(self) -> int:
        """Turns of the model, without the reply to the final answer prompt."""
        return sum(not step.last for step in self.steps)

    @property
    def repairs(self) -> int:
        """Number of repair prompts."""
        return sum(step.repaired for step in self.steps)

    @property
    def tools_s(self) -> float:
        """Seconds that tools took."""
        return sum(step.use.duration_s for step in self.steps if step.use is not None)

    def uses(self) -> dict[str, dict[UseClass, int]]:
        """Return the number of uses by tool and class."""
        return count_uses([step.use for step in self.steps if step.use])

    def as_dict(self) -> JsonObject:
        """Return the trace as it is stored: ``summary``, for aggregates, and the steps."""
        summary: TraceSummary = {
            "outcome": self.outcome,
            "reason": self.reason,
            "source": self.source,
            "iterations": self.iterations,
            "repairs": self.repairs,
            "uses": self.uses(),
        }
        return {"summary": summary, "steps": [_step_dict(step) for step in self.steps]}


def count_uses(uses: Sequence[ToolUse]) -> dict[str, dict[UseClass, int]]:
    """Return the number of uses by tool and class, zeros included."""
    counted = Counter((use.tool, use.kind) for use in uses)
    tools = dict.fromkeys(use.tool for use in uses)
    return {tool: {kind: counted[tool, kind] for kind in USE_CLASSES} for tool in tools}


def _step_dict(step: Step) -> JsonObject:
    # As JSON reads back: a list of calls; and the class of a use, which is a property.
    use = None if step.use is None else {**asdict(step.use), "kind": step.use.kind}
    return {**asdict(step), "calls": list(step.calls), "use": use}

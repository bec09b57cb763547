"""What an agent did to answer a question, step by step, and how it ended."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal, TypedDict


class AgentOutcome(StrEnum):
    """How an agent ended."""

    ANSWERED = "answered"
    """It gave its answer itself."""
    ITERATION_LIMIT = "iteration_limit"
    STUCK = "stuck"
    """It did the same thing again and again."""
    PARSE_FAILURE = "parse_failure"
    """What it wrote could not be read as an action, also after a repair prompt."""
    TOOL_FAILURE = "tool_failure"
    """It went on using a tool that cannot be had."""
    CONTEXT_OVERFLOW = "context_overflow"
    """Its transcript no longer fitted into the model's window."""
    FAILED = "failed"
    """A model call failed for good in the middle: the run is a failed one."""


UseClass = Literal["successful", "failed", "unneeded"]
"""A use with a result that the answer or a later step took up; without a result; with one that none did."""
USE_CLASSES: tuple[UseClass, ...] = ("successful", "failed", "unneeded")


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One use of a tool.

    Attributes:
        tool: its name as the model wrote it; there may be no such tool.
        arguments: as the model wrote them.
        observation: what the model was shown; cut at ``shown`` characters of the whole result.
        success: whether the tool gave a result.
        error: ``retry`` or ``final``; ``None`` if there was none.
        duration_s: seconds that the tool took.
        cut: characters of the result that the model was not shown.
        repeated: the same was done before; the tool was not asked again.
        needed: whether the answer or a later step took up something of the result; ``None``: unknown.
    """

    tool: str
    arguments: dict[str, Any]
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
    """One turn of the model and what came of it.

    Attributes:
        thought: what it wrote before its action.
        use: the tool that it used, if it used one.
        answer: the answer that it gave, if it gave one.
        read_as: the form in which the action was found; empty if none was.
        last: it was asked for an answer because the agent had to end.
        repaired: a repair prompt was needed.
        calls: places of its model calls among the run's, from 0.
        prompt_tokens: of these calls; ``None`` where a server told none.
        completion_tokens: likewise.
        duration_s: seconds that the model took.
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
    duration_s: float = 0.0


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
    """Everything that an agent did for one question.

    Attributes:
        steps: in order.
        outcome: how it ended.
        reason: why, in words; empty if it answered.
        source: the step whose observation holds the answer, from 0; ``None`` if none does.
    """

    steps: tuple[Step, ...]
    outcome: AgentOutcome
    reason: str = ""
    source: int | None = None

    @property
    def iterations(self) -> int:
        """Turns of the model, the one in which it was asked for an answer at the end not counted."""
        return sum(not step.last for step in self.steps)

    @property
    def repairs(self) -> int:
        """Repair prompts."""
        return sum(step.repaired for step in self.steps)

    def uses(self) -> dict[str, dict[UseClass, int]]:
        """Return how often each tool was used, by what came of it."""
        return count_uses([step.use for step in self.steps if step.use])

    def as_dict(self) -> dict[str, Any]:
        """Return the trace as it is stored: what aggregates need in ``summary``, and the steps."""
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
    """Return the number of uses by tool and class; every class is named."""
    counted = Counter((use.tool, use.kind) for use in uses)
    tools = dict.fromkeys(use.tool for use in uses)
    return {tool: {kind: counted[tool, kind] for kind in USE_CLASSES} for tool in tools}


def _step_dict(step: Step) -> dict[str, Any]:
    # Calls and tokens are lists and numbers of their own; a use tells its class in a word.
    use = None if step.use is None else {**asdict(step.use), "kind": step.use.kind}
    return {**asdict(step), "calls": list(step.calls), "use": use}

"""Wire types of what agents did."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.domain.trace import AgentOutcome, UseClass


class ToolUseOut(BaseModel):
    """One use of a tool."""

    tool: str = Field(description="As the model named it; there may be no such tool.")
    arguments: dict[str, Any]
    observation: str = Field(description="What the model was shown.")
    cut: int = Field(description="Characters of the result that the model was not shown.")
    success: bool
    error: Literal["retry", "final"] | None = Field(
        description="retry: the model may try again; final: it must not."
    )
    duration_s: float
    repeated: bool = Field(description="The same was done before; the tool was not asked again.")
    needed: bool | None = Field(description="Whether the answer or a later step took its result up.")
    kind: UseClass = Field(description="unneeded: nothing took the result up.")


class StepOut(BaseModel):
    """One turn of the model, and what came of it."""

    thought: str
    use: ToolUseOut | None = Field(description="Null if it answered, or nothing could be read.")
    answer: str | None
    read_as: str = Field(description="The form in which the action was found; empty if none was.")
    last: bool = Field(description="It was asked for an answer, since the agent had to end.")
    repaired: bool = Field(description="A repair prompt was needed.")
    calls: list[int] = Field(description="Places of its model calls among the run's, from 0.")
    prompt_tokens: int | None
    completion_tokens: int | None
    duration_s: float = Field(description="Seconds that the model took.")


class TraceSummary(BaseModel):
    """How an agent ended, and how much it did."""

    outcome: AgentOutcome
    reason: str = Field(description="Why it ended so; empty if it answered.")
    source: int | None = Field(description="The step whose observation holds the answer, from 0.")
    iterations: int
    repairs: int
    uses: dict[str, dict[UseClass, int]] = Field(description="Uses by tool and by what came of them.")


class TraceOut(BaseModel):
    """What an agent did."""

    summary: TraceSummary
    steps: list[StepOut]

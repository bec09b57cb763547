"""Wire types of the steps of agents."""

from typing import Literal

from pydantic import BaseModel, Field

from app.domain.json import JsonObject
from app.domain.trace import AgentOutcome, UseClass


class ToolUseOut(BaseModel):
    """One use of a tool."""

    tool: str = Field(description="As the model named it; there may be no such tool.")
    arguments: JsonObject
    observation: str = Field(description="The tool's result as the model was shown it.")
    cut: int = Field(description="Characters of the result that the model was not shown.")
    success: bool
    error: Literal["retry", "final"] | None = Field(
        description="retry: the model may try again; final: it must not."
    )
    duration_s: float
    repeated: bool = Field(description="The same call was made before; the tool was not called again.")
    needed: bool | None = Field(
        description="Whether the answer or a later step used its result; null if unknown."
    )
    kind: UseClass = Field(description="unneeded: neither the answer nor a later step used the result.")


class StepOut(BaseModel):
    """One turn of the model: its thought, and the tool use or the answer."""

    thought: str
    use: ToolUseOut | None = Field(description="Null if it answered, or no action could be parsed.")
    answer: str | None
    read_as: str = Field(description="The format in which the action was parsed; empty if none was.")
    last: bool = Field(
        description="The final answer prompt: the model was asked for an answer because the agent had to end."
    )
    repaired: bool = Field(description="A repair prompt was needed.")
    calls: list[int] = Field(description="Indexes of its model calls among those of the run, from 0.")
    prompt_tokens: int | None
    completion_tokens: int | None
    duration_s: float | None = Field(description="Time of its model calls; null if it is not known.")


class TraceSummary(BaseModel):
    """How an agent ended, and counts of its steps and tool uses."""

    outcome: AgentOutcome
    reason: str = Field(description="Why it ended without an answer; empty if it answered.")
    source: int | None = Field(description="The step whose observation holds the answer, from 0.")
    iterations: int
    repairs: int
    uses: dict[str, dict[UseClass, int]] = Field(description="Tool uses by tool and by class.")


class TraceOut(BaseModel):
    """The steps of an agent, with a summary."""

    summary: TraceSummary
    steps: list[StepOut]

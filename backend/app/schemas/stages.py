"""Wire types of stages: where the time of runs went."""

from pydantic import BaseModel, Field

from app.domain.stages import StageGroup, describe_stage
from app.schemas.common import FromAttributes


class StageStatistics(FromAttributes):
    """The time of one stage over many runs; one that a run did not go through took it no time."""

    name: str
    label: str
    group: StageGroup = Field(description="Stages of a group share a colour.")
    waits: bool = Field(description="Whether a run only waits for other runs in it.")
    p50_ms: float
    p95_ms: float
    mean_ms: float
    share: float = Field(description="Of the time of all the runs, waits included.")


class StageProfile(FromAttributes):
    """Where the time of runs went."""

    runs: int
    wall_p50_ms: float = Field(description="Median of the runs' time, from the prompt to the row.")
    wall_p95_ms: float
    own_p50_ms: float = Field(description="The same without waiting for other runs.")
    own_p95_ms: float
    bottleneck: str = Field(description="What takes most of a question's time, in words.")
    stages: list[StageStatistics] = Field(description="In the order in which a run goes through them.")


class StageOut(BaseModel):
    """One stage of a run."""

    name: str
    label: str
    group: StageGroup = Field(description="Stages of a group share a colour.")
    waits: bool = Field(description="Whether the run only waited for other runs in it.")
    start_ms: float = Field(description="Since the beginning of the run.")
    ms: float
    step: int | None = Field(description="Number of the agent's step, from 0; null without one.")

    @classmethod
    def all_of(cls, stored: object) -> object:
        """Return the stages of a run from the form in which they are stored; any other form stays."""
        if not isinstance(stored, list) or not all(isinstance(one, list) for one in stored):
            return stored
        at, found = 0.0, []
        for name, micros, *step in stored:
            about, ms = describe_stage(name), micros / 1000
            found.append(
                cls(
                    name=name,
                    label=about.label,
                    group=about.group,
                    waits=about.waits,
                    start_ms=at,
                    ms=ms,
                    step=step[0] if step else None,
                )
            )
            at += ms
        return found

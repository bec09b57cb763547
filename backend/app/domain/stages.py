"""Where the time of a run goes: its stages, one after the other, by a monotonic clock.

A run is in one stage at any time. Whoever ends a stage says so (a *lap*), and all time since the lap before
is that stage's: the stages add up to the time of the run, and nothing is hidden between them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from app.domain.rounding import fixed

StageGroup = Literal[
    "prompt", "retrieval", "tools", "cache", "waiting", "model", "scoring", "storing", "other"
]
StoredStage = list[str | int]
"""A stage as it is stored: name, microseconds and, of an agent, the number of the step, from 0."""

_MICRO = 1e6
TOOL = "tool:"
"""With the name of a tool: the stage in which it is used."""


@dataclass(frozen=True, slots=True)
class StageDescription:
    """What a stage is, for whoever shows it.

    Attributes:
        name: as it is stored.
        label: the name that people see.
        phrase: in a sentence, after "92 % is".
        group: stages of a group share a colour.
        waits: whether the run only waits for other runs in it, so that it is no time of the question's own.
    """

    name: str
    label: str
    phrase: str
    group: StageGroup
    waits: bool = False


STAGES = (
    StageDescription("prompt", "Prompt", "building the prompt", "prompt"),
    StageDescription("search_wait", "Wait for search", "waiting for other searches", "waiting", waits=True),
    StageDescription("embedding", "Embedding", "embedding the question", "retrieval"),
    StageDescription("dense", "Dense search", "dense search", "retrieval"),
    StageDescription("bm25", "BM25", "BM25", "retrieval"),
    StageDescription("fusion", "Fusion", "fusion", "retrieval"),
    StageDescription("chunks", "Passage texts", "reading the passages", "retrieval"),
    StageDescription("reranking", "Reranking", "reranking", "retrieval"),
    StageDescription("lookup", "Cache look-up", "the look-up in the cache", "cache"),
    StageDescription("job", "Answer of a job", "reading the answer that a batch job has brought", "cache"),
    StageDescription("group", "Wait for the group", "waiting for its group", "waiting", waits=True),
    StageDescription("slot", "Wait for a slot", "waiting for a free slot", "waiting", waits=True),
    StageDescription("failed_call", "Failed attempts", "attempts that failed", "waiting"),
    StageDescription("backoff", "Between attempts", "waiting between attempts", "waiting"),
    StageDescription("first_token", "First token", "the time to the first token", "model"),
    StageDescription("rest", "Rest of the answer", "the rest of the model's answer", "model"),
    StageDescription("call", "Model call", "the model's answer", "model"),
    StageDescription("parsing", "Parsing", "parsing the answer", "scoring"),
    StageDescription("turn", "Wait to be scored", "waiting to be scored", "waiting", waits=True),
    StageDescription("scoring", "Scoring", "scoring", "scoring"),
    StageDescription("judging", "Judging", "judging", "scoring"),
    StageDescription("storing", "Storing", "preparing the row", "storing"),
    StageDescription("other", "Other", "nothing that is measured", "other"),
)
"""All stages but those of tools, in the order in which a run goes through them.

``lookup`` includes the wait for the look-ups of other runs that share its query. ``job`` is no part of the
hours that a batch job takes, in which no run is at work. ``storing`` ends when the row is handed to the
writer: the commit is shared by the rows of many runs, and no run waits for it.
"""

OWN, WALL = "own", "wall"
"""Not stages but sums of them: the time of a question without its waits for other runs, and with them."""
_SUMS = (
    StageDescription(OWN, "A question's own time", "its own time", "other"),
    StageDescription(WALL, "With waits for others", "all of its time", "other"),
)
_BY_NAME = {stage.name: stage for stage in (*STAGES, *_SUMS)}
_PLACES = {stage.name: place for place, stage in enumerate(STAGES)}


def describe_stage(name: str) -> StageDescription:
    """Return what a stage is; one that is not known (of a later version) describes itself."""
    found = _BY_NAME.get(name)
    if found is not None:
        return found
    if name.startswith(TOOL):
        tool = name.removeprefix(TOOL)
        return StageDescription(name, f"Tool {tool}", f"the tool {tool}", "tools")
    return StageDescription(name, name, name, "other")


def stage_order(name: str) -> tuple[int, str]:
    """Return the sort key of a stage: tools stand behind retrieval."""
    place = _PLACES["reranking"] if name.startswith(TOOL) else _PLACES.get(name, len(STAGES))
    return place, name


@dataclass(frozen=True, slots=True)
class StageStatistics:
    """The time of one stage over many runs; one that a run did not go through took it no time.

    Attributes:
        name: of the stage.
        share: of the time of all the runs, waits included, in [0, 1].
    """

    name: str
    p50_ms: float
    p95_ms: float
    mean_ms: float
    share: float

    @property
    def label(self) -> str:
        """The name that people see."""
        return describe_stage(self.name).label

    @property
    def group(self) -> StageGroup:
        """See ``StageDescription``."""
        return describe_stage(self.name).group

    @property
    def waits(self) -> bool:
        """See ``StageDescription``."""
        return describe_stage(self.name).waits


@dataclass(frozen=True, slots=True)
class StageProfile:
    """Where the time of many runs went.

    Attributes:
        runs: that it is computed from.
        wall_p50_ms: median of the runs' time, from the prompt to the row.
        wall_p95_ms: its 95th percentile.
        own_p50_ms: the same without waiting for other runs (see ``StageDescription.waits``).
        own_p95_ms: likewise.
        stages: in the order in which a run goes through them.
    """

    runs: int
    wall_p50_ms: float
    wall_p95_ms: float
    own_p50_ms: float
    own_p95_ms: float
    stages: tuple[StageStatistics, ...]

    @property
    def bottleneck(self) -> str:
        """What takes most of a question's time, in a sentence or two; empty if nothing takes any."""
        parts = _parts_of(one for one in self.stages if not one.waits)
        own = sum(parts.values())
        if not own:
            return ""
        (first, most), *others = sorted(parts.items(), key=lambda part: -part[1])
        text = (
            f"Of a question's {_duration(self.own_p50_ms)} at the median, {_percent(most / own)} is {first}"
        )
        if others and others[0][1] >= _WORTH_SAYING * own:
            text += f", and {_percent(others[0][1] / own)} {others[0][0]}"
        waits = [one for one in self.stages if one.waits and one.share >= _WORTH_SAYING]
        waited = " and ".join(f"{_duration(one.p50_ms)} {describe_stage(one.name).phrase}" for one in waits)
        return f"{text}." + (f" Beside that it spends {waited}, behind other questions." if waited else "")


_WORTH_SAYING = 0.05
_SECOND_MS = 999.5  # from which on a duration is written in seconds
_MODEL = "the model's answer"


def _parts_of(stages: Iterable[StageStatistics]) -> dict[str, float]:
    """Return mean milliseconds by phrase; the parts of a model's answer count as one."""
    parts: dict[str, float] = {}
    for one in stages:
        about = describe_stage(one.name)
        phrase = _MODEL if about.group == "model" else about.phrase
        parts[phrase] = parts.get(phrase, 0.0) + one.mean_ms
    return parts


def _duration(ms: float) -> str:
    if ms >= _SECOND_MS:
        return f"{fixed(ms / 1000, 2)} s"
    return f"{fixed(ms, 0 if ms >= 10 else 1)} ms"


def _percent(share: float) -> str:
    return f"{fixed(100 * share, 0)} %"


class StageClock:
    """Notes when each stage of one run ends.

    Attributes:
        first_token: whether whoever sends a call is to measure the time to the first token of its answer.
    """

    __slots__ = ("_laps", "_started", "_step", "first_token")

    def __init__(self, *, first_token: bool = False) -> None:
        self.first_token = first_token
        self._step: int | None = None
        self._laps: list[tuple[str, float, int | None]] = []
        self._started = perf_counter()

    def begin_step(self) -> None:
        """Say that the next stages are those of an agent's next step."""
        self._step = 0 if self._step is None else self._step + 1

    def end_steps(self) -> None:
        """Say that the last step ends now, and that the next stages are of the whole run."""
        self.lap("parsing")
        self._step = None

    def lap(self, name: str) -> None:
        """Say that a stage ends now, which began when the one before it ended."""
        self._laps.append((name, perf_counter(), self._step))

    def lap_parts(self, rest: str, parts: Mapping[str, float]) -> None:
        """Say that a stage ends now of which parts were measured on their own.

        Args:
            rest: stage that has what is left of the time, before the parts.
            parts: seconds by stage, in their order.
        """
        now = perf_counter()
        since = self._laps[-1][1] if self._laps else self._started
        at = max(since, now - sum(parts.values()))
        self._laps.append((rest, at, self._step))
        for name, seconds in parts.items():
            at = min(now, at + seconds)
            self._laps.append((name, at, self._step))

    def lap_call(self, first_token_s: float | None) -> None:
        """Say that a model call ends now.

        Args:
            first_token_s: seconds from its beginning to its first token; ``None`` if not measured.
        """
        now = perf_counter()
        if first_token_s is None:
            self._laps.append(("call", now, self._step))
            return
        since = self._laps[-1][1] if self._laps else self._started
        self._laps.append(("first_token", min(now, since + first_token_s), self._step))
        self._laps.append(("rest", now, self._step))

    def finish(self, name: str) -> list[StoredStage] | None:
        """Say that the last stage ends now, and return all stages as they are stored.

        Their sum is the time since this clock was made, to the microsecond.
        """
        self._step = None
        self.lap(name)
        stages: list[StoredStage] = []
        started, before = self._started, 0
        for stage, at, step in self._laps:
            end = int((at - started) * _MICRO)
            stages.append([stage, end - before] if step is None else [stage, end - before, step])
            before = end
        return stages


class _NoClock(StageClock):
    """Notes nothing, at next to no cost."""

    __slots__ = ()

    def begin_step(self) -> None:
        """Do nothing."""

    def end_steps(self) -> None:
        """Do nothing."""

    def lap(self, name: str) -> None:
        """Do nothing."""

    def lap_parts(self, rest: str, parts: Mapping[str, float]) -> None:
        """Do nothing."""

    def lap_call(self, first_token_s: float | None) -> None:
        """Do nothing."""

    def finish(self, name: str) -> None:
        """Return that nothing is known."""


UNTIMED: StageClock = _NoClock()
"""The clock of requests that are no part of a run's stages: those of a judge, say."""

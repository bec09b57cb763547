"""When the parts of a run began and ended, by its stored stages."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.stages import TOOL, StoredStage, describe_stage

_MICRO_NS = 1_000
_MILLI_NS = 1_000_000
_CALL = frozenset({"lookup", "job", "group", "slot", "failed_call", "backoff", "first_token", "rest", "call"})
_CALL_ENDS = frozenset({"job", "rest", "call"})
_SCORING = frozenset({"scoring", "judging"})


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when something was done, in nanoseconds since the epoch."""

    start_ns: int
    end_ns: int

    def joined(self, other: "Window") -> "Window":
        """Return the window from the beginning of this one to the end of another."""
        return Window(self.start_ns, other.end_ns)


@dataclass(slots=True)
class RunTimes:
    """When the parts of a run were done.

    Attributes:
        run: the whole.
        calls: model calls in their order, with their waits and failed attempts; cached ones included.
        retrieval: before the prompt; ``None`` if nothing was retrieved there.
        tools: by number of the agent's step, from 0.
        scoring: with judging; ``None`` if the run was not scored.
    """

    run: Window
    calls: list[Window] = field(default_factory=list)
    retrieval: Window | None = None
    tools: dict[int, Window] = field(default_factory=dict)
    scoring: Window | None = None

    def call(self, index: int, count: int) -> Window:
        """Return when one of so many calls was made; the whole run if the stages tell of other calls."""
        return self.calls[index] if len(self.calls) == count else self.run


def times_of(stages: Sequence[StoredStage] | None, latency_ms: float | None, ended_ns: int) -> RunTimes:
    """Return when the parts of a run were done.

    Args:
        stages: of the run, which follow each other; ``None`` if they were not measured.
        latency_ms: of the run, for one without stages.
        ended_ns: when its last stage ended, in nanoseconds since the epoch.
    """
    if stages is None:
        return RunTimes(Window(ended_ns - int((latency_ms or 0.0) * _MILLI_NS), ended_ns))
    start_ns = ended_ns - sum(int(stage[1]) for stage in stages) * _MICRO_NS
    times = RunTimes(Window(start_ns, ended_ns))
    calls = _Calls()
    at_ns = start_ns
    for name, micros, *steps in stages:
        window = Window(at_ns, at_ns + int(micros) * _MICRO_NS)
        at_ns = window.end_ns
        step = int(steps[0]) if steps else None
        if name in _CALL:
            calls.add(str(name), step, window)
            continue
        calls.close()
        if name in _SCORING:
            times.scoring = times.scoring.joined(window) if times.scoring else window
        elif _retrieves(str(name)):
            if step is not None:
                times.tools[step] = times.tools[step].joined(window) if step in times.tools else window
            else:
                times.retrieval = times.retrieval.joined(window) if times.retrieval else window
    calls.close()
    times.calls = calls.found
    return times


def _retrieves(name: str) -> bool:
    return name.startswith(TOOL) or name == "search_wait" or describe_stage(name).group == "retrieval"


class _Calls:
    """Puts the stages of model calls together: one call ends where its answer does, or the next begins."""

    def __init__(self) -> None:
        self.found: list[Window] = []
        self._open: Window | None = None
        self._step: int | None = None
        self._names: set[str] = set()

    def add(self, name: str, step: int | None, window: Window) -> None:
        """Take the next stage."""
        # A call that was answered from the cache has only the look-up.
        if self._open is not None and (step != self._step or name == "lookup"):
            self.close()
        self._open = self._open.joined(window) if self._open else window
        self._step = step
        self._names.add(name)
        if name in _CALL_ENDS:
            self.close()

    def close(self) -> None:
        """End the call, if one is open."""
        if self._open is None:
            return
        if self._names == {"group"} and self.found:  # until all answers of the group are there
            self.found[-1] = self.found[-1].joined(self._open)
        else:
            self.found.append(self._open)
        self._open, self._names = None, set()

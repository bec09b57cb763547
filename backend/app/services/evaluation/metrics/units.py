"""Which runs of an experiment are not independent of each other."""

from collections.abc import Sequence

from app.domain.metrics import RunFacts


def units_of(runs: Sequence[RunFacts]) -> list[str]:
    """Return a label for each run, equal for runs of one cluster of examples, or else of one question."""
    return [_unit(run, place) for place, run in enumerate(runs)]


def _unit(run: RunFacts, place: int) -> str:
    if run.cluster is not None:
        return f"cluster {run.cluster}"
    return f"run {place}" if run.question is None else f"question {run.question}"

"""Which runs of an experiment are not independent of each other."""

from collections.abc import Sequence

from app.domain.metrics import RunFacts


def units_of(runs: Sequence[RunFacts]) -> list[str]:
    """Return a label for each run, equal for runs of one cluster of examples, or else of one question."""
    return [unit_of(run.cluster, run.question) or f"run {place}" for place, run in enumerate(runs)]


def unit_of(cluster: str | None, question: str | None) -> str:
    """Return the label of the unit that a run belongs to; empty if nothing says to which."""
    if cluster is not None:
        return f"cluster {cluster}"
    return "" if question is None else f"question {question}"

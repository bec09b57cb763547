"""Statistics of each score over the runs that have it."""

from collections.abc import Sequence
from math import fsum

from app.domain.harness import score_label
from app.domain.metrics import RunFacts, ScoreStatistics
from app.services.evaluation.metrics.units import units_of
from app.services.evaluation.scorers.registry import SCORERS
from app.services.evaluation.statistics.means import bounded_mean, share


def score_statistics(
    runs: Sequence[RunFacts], answered: Sequence[RunFacts], seed: int
) -> dict[str, ScoreStatistics]:
    """Return mean and interval by score; a score that no run has is left out."""
    names = {name: None for run in answered for name in run.scores}
    found: dict[str, ScoreStatistics] = {}
    for name in names:
        scored = [run for run in answered if run.scores.get(name) is not None]
        values = [value for run in scored if (value := run.scores.get(name)) is not None]
        if not values:
            continue
        about, units = SCORERS.describe(name), units_of(scored)
        kind = about.kind
        if score_label(name) is not None and set(values) <= {0.0, 1.0}:  # nobody says it of a harness's score
            kind = "binary"
        mean = share(values, units) if kind == "binary" else bounded_mean(values, units, seed)
        found[name] = ScoreStatistics(
            value=mean.value,
            low=mean.low,
            high=mean.high,
            n=mean.n,
            method=mean.method,
            level=mean.level,
            kind=kind,
            version=about.version,
            unscored=len(answered) - len(values),
            if_failed_were_wrong=fsum(values) / len(runs),
        )
    return found

"""From compared experiments to wire types."""

from collections.abc import Sequence
from os.path import commonprefix
from typing import Any, Literal

from app.schemas.comparison import (
    AmountDifference,
    Compared,
    ComparisonOut,
    DifferenceStatistics,
    MissingEffect,
    ScoreDifference,
    Unpaired,
)
from app.services.comparisons.compare import (
    ExperimentComparison,
    QuantityComparison,
    ScoreComparison,
    detectable,
)
from app.services.comparisons.service import Compared as Found
from app.services.evaluation.metrics.stored import metrics_out
from app.services.evaluation.statistics.paired import FailureBounds, PairedDifference
from app.services.evaluation.statistics.verdict import items_to_settle, score_verdict

_ALPHA = 0.05
_NAMED = 50
Outcome = Literal["better", "worse", "not_distinguishable"]
Row = Any  # a stored row: the API does not know the tables, only the names of their columns


def comparison_out(found: Found) -> ComparisonOut:
    """Return a comparison with its verdicts."""
    rows = [experiment for experiment, _ in found.pairs]
    names = labels([row.name for row in rows])
    baseline, others = rows[0], list(zip(rows[1:], found.arms, names[1:], strict=True))
    return ComparisonOut(
        baseline_id=baseline.id,
        experiments=[
            _compared(experiment, label, result)
            for (experiment, result), label in zip(found.pairs, names, strict=True)
        ],
        differences=[
            _score(other, (names[0], label), one) for other, arm, label in others for one in arm.scores
        ],
        amounts=[
            amount
            for other, arm, _ in others
            for one in arm.quantities
            if (amount := _amount(other, one)) is not None
        ],
        unpaired=[_unpaired(other, arm) for other, arm, _ in others],
        tied_for_best=found.best,
        warnings=found.warnings,
    )


def labels(names: Sequence[str]) -> list[str]:
    """Return names without what all begin with, up to a colon: "Two ways: plain" becomes "plain"."""
    shared = commonprefix(list(names)).rpartition(": ")  # noqa: RUF071 - of characters, cut at a colon
    cut = len(shared[0]) + len(shared[1])
    short = [name[cut:] for name in names]
    return short if all(short) else list(names)


def _compared(experiment: Row, label: str, result: Row) -> Compared:
    return Compared(
        experiment_id=experiment.id,
        name=experiment.name,
        label=label,
        status=experiment.status,
        model=experiment.model,
        method=experiment.method,
        dataset=experiment.dataset_name,
        dataset_version=experiment.provenance["dataset"]["version"],
        seed=experiment.config["seed"],
        metrics=metrics_out(result.metrics),
    )


def _score(other: Row, names: tuple[str, str], one: ScoreComparison) -> ScoreDifference:
    cells = one.cells or (None,) * 4
    return ScoreDifference(
        experiment_id=other.id,
        score=one.score,
        n_paired=one.n_paired,
        difference=one.paired.difference if one.paired else None,
        both=cells[0],
        only_this=cells[1],
        only_baseline=cells[2],
        neither=cells[3],
        statistics=_statistics(names, one.paired, one.adjusted_p) if one.paired else None,
        missing=_missing(one.bounds) if one.bounds else None,
    )


def _statistics(
    names: tuple[str, str], paired: PairedDifference, adjusted_p: float | None
) -> DifferenceStatistics:
    p = paired.p if adjusted_p is None else adjusted_p
    return DifferenceStatistics(
        low=paired.low,
        high=paired.high,
        level=paired.level,
        interval=paired.method,
        p=paired.p,
        adjusted_p=p,
        test=paired.test,
        mid_p=paired.mcnemar.mid_p if paired.mcnemar else None,
        too_few=paired.mcnemar.too_few if paired.mcnemar else False,
        standard_error=paired.standard_error,
        units=paired.units,
        detectable=detectable(paired),
        needed=items_to_settle(paired, paired.difference),
        outcome=_outcome(paired.difference, paired.p, more_is_better=True),
        verdict=score_verdict(*names, paired, p=p),
        seed=paired.seed,
    )


def _outcome(difference: float, p: float, *, more_is_better: bool) -> Outcome:
    if p >= _ALPHA or difference == 0:
        return "not_distinguishable"
    return "better" if (difference > 0) == more_is_better else "worse"


def _missing(bounds: FailureBounds) -> MissingEffect | None:
    if not bounds.first_missing and not bounds.second_missing:
        return None
    return MissingEffect(
        this_missing=bounds.second_missing,
        baseline_missing=bounds.first_missing,
        as_wrong=bounds.as_wrong,
        low=bounds.low,
        high=bounds.high,
    )


def _amount(other: Row, one: QuantityComparison) -> AmountDifference | None:
    if one.paired is None:
        return None
    paired = one.paired
    return AmountDifference(
        experiment_id=other.id,
        quantity=one.quantity,
        n_paired=one.n_paired,
        baseline=paired.first,
        this=paired.second,
        difference=paired.difference,
        low=paired.low,
        high=paired.high,
        ratio=paired.ratio,
        ratio_low=paired.ratio_low,
        ratio_high=paired.ratio_high,
        p=paired.p,
        outcome=_outcome(paired.difference, paired.p, more_is_better=False),
    )


def _unpaired(other: Row, arm: ExperimentComparison) -> Unpaired:
    pairing = arm.pairing
    return Unpaired(
        experiment_id=other.id,
        n_changed=len(pairing.changed),
        changed=pairing.changed[:_NAMED],
        n_only_this=len(pairing.only_second),
        only_this=pairing.only_second[:_NAMED],
        n_only_baseline=len(pairing.only_first),
        only_baseline=pairing.only_first[:_NAMED],
    )

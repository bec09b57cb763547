"""From stages that were compared to the API's answer."""

from app.domain.stages import describe_stage
from app.models import Experiment
from app.schemas.stage_comparison import ComparedStage, StageComparisonOut, StageDifference
from app.services.comparisons.compare import QuantityComparison
from app.services.comparisons.report import outcome_of
from app.services.comparisons.stages import StageComparison


def stage_comparison_out(comparison: StageComparison) -> StageComparisonOut:
    """Return a comparison by stages with its verdicts."""
    baseline, *others = comparison.experiments
    return StageComparisonOut(
        baseline_id=baseline.id,
        stages=[_stage(name) for name in comparison.stages],
        differences=[
            difference
            for experiment, stages in zip(others, comparison.against_baseline, strict=True)
            for one in stages
            if (difference := _difference(experiment, one)) is not None
        ],
        message=_message(comparison.unmeasured),
    )


def _stage(name: str) -> ComparedStage:
    about = describe_stage(name)
    return ComparedStage(name=name, label=about.label, group=about.group, waits=about.waits)


def _difference(other: Experiment, one: QuantityComparison) -> StageDifference | None:
    paired = one.paired
    if paired is None:
        return None
    p = paired.p if one.adjusted_p is None else one.adjusted_p
    low, high = one.simultaneous or paired.simultaneous
    return StageDifference(
        experiment_id=other.id,
        stage=one.quantity,
        n_paired=one.n_paired,
        baseline_ms=paired.first,
        this_ms=paired.second,
        difference_ms=paired.difference,
        low=paired.low,
        high=paired.high,
        simultaneous_low=low,
        simultaneous_high=high,
        adjusted_p=p,
        outcome=outcome_of(paired.difference, p, more_is_better=False),
    )


def _message(unmeasured: list[str]) -> str:
    if not unmeasured:
        return ""
    return (
        f"Without stages to compare: {', '.join(unmeasured)}. All answers came from the cache, or stages "
        "were not measured yet."
    )

"""From slices that were compared to the API's answer."""

from app.models import Experiment
from app.schemas.result import Estimate
from app.schemas.slice_comparison import (
    ComparedName,
    SliceComparison,
    SlicedComparisonOut,
    SliceDifference,
    SliceFieldOut,
    SliceScore,
)
from app.services.comparisons.compare import ScoreComparison
from app.services.comparisons.report import labels, no_test
from app.services.comparisons.slice_service import SlicedComparison
from app.services.comparisons.slicing import ComparedSlice
from app.services.evaluation.statistics.equivalence import EquivalenceVerdict
from app.services.evaluation.statistics.verdict import score_verdict


def sliced_comparison_out(found: SlicedComparison, margin: float) -> SlicedComparisonOut:
    """Return a comparison by slices with its verdicts."""
    baseline, *others = found.experiments
    names = labels([one.name for one in found.experiments])
    family = max(
        (one.family for part in found.slices for one in part.against_baseline if one.paired), default=0
    )
    return SlicedComparisonOut(
        baseline_id=baseline.id,
        experiments=[
            ComparedName(experiment_id=one.id, name=one.name, label=label)
            for one, label in zip(found.experiments, names, strict=True)
        ],
        score=found.score,
        by=found.field.name,
        margin=margin,
        family=family,
        fields=[SliceFieldOut.model_validate(one) for one in found.fields],
        slices=[_slice(found, part, others, names) for part in found.slices],
        note=_note(family),
    )


def _slice(
    found: SlicedComparison, part: ComparedSlice, others: list[Experiment], names: list[str]
) -> SliceComparison:
    return SliceComparison(
        value=part.name,
        questions=part.questions,
        scores=[
            SliceScore(
                experiment_id=one.id,
                estimate=None if estimate is None else Estimate.model_validate(estimate),
            )
            for one, estimate in zip(found.experiments, part.estimates, strict=True)
        ],
        differences=[
            _difference(other, (names[0], label), one)
            for other, label, one in zip(others, names[1:], part.against_baseline, strict=True)
        ],
    )


def _difference(other: Experiment, names: tuple[str, str], one: ScoreComparison) -> SliceDifference:
    paired = one.paired
    if paired is None:
        none = dict.fromkeys(("baseline", "this", "difference", "low", "high", "plain_low", "plain_high"))
        return SliceDifference(
            experiment_id=other.id,
            n_paired=one.n_paired,
            **none,
            p=None,
            adjusted_p=None,
            verdict="cannot_tell",
            message=no_test(one.n_paired),
        )
    low, high = one.simultaneous or paired.simultaneous
    p = paired.p if one.adjusted_p is None else one.adjusted_p
    verdict = one.equivalence.verdict if one.equivalence else EquivalenceVerdict.CANNOT_TELL
    return SliceDifference(
        experiment_id=other.id,
        n_paired=one.n_paired,
        baseline=paired.first,
        this=paired.second,
        difference=paired.difference,
        low=low,
        high=high,
        plain_low=paired.low,
        plain_high=paired.high,
        p=paired.p,
        adjusted_p=p,
        verdict=verdict.value,
        message=score_verdict(
            *names,
            paired,
            p=p,
            simultaneous=(low, high) if one.family > 1 else None,
            questions=one.questions,
        ),
    )


def _note(family: int) -> str:
    if family < 2:
        return "A slice that finds a difference and one that finds none need not differ from each other."
    return (
        f"p and intervals allow for all {family} differences of this table. A slice that finds a difference "
        "and one that finds none need not differ from each other."
    )

"""From slices that were compared to the API's answer, and to tables."""

from app.core.markdown import plain, table
from app.domain.rounding import format_p, interval, interval_in_points, signed_points
from app.models import Experiment
from app.schemas.result import Estimate
from app.schemas.slice_comparison import (
    SliceComparison,
    SlicedComparisonOut,
    SlicedExperiment,
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

VERDICTS = {"better": "better", "worse": "worse", "equivalent": "equivalent", "cannot_tell": "cannot tell"}


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
            SlicedExperiment(experiment_id=one.id, name=one.name, label=label)
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


def slice_table(found: SlicedComparisonOut) -> list[str]:
    """Return the slices as lines of a Markdown table, one for each slice and compared experiment."""
    names = {one.experiment_id: one.label for one in found.experiments}
    heads = [plain(found.by), "questions", *map(plain, names.values()), "difference", "p", "verdict"]
    rows = []
    for part in found.slices:
        scores = [score_cell(one.estimate) for one in part.scores]
        for difference in part.differences:
            against = f"{names[difference.experiment_id]}: " if len(part.differences) > 1 else ""
            rows.append(
                [
                    plain(part.value),
                    f"{part.questions:,}",
                    *scores,
                    plain(against) + difference_cell(difference),
                    "" if difference.adjusted_p is None else format_p(difference.adjusted_p),
                    VERDICTS[difference.verdict],
                ]
            )
    return table(heads, rows)


def score_cell(estimate: Estimate | None) -> str:
    """Return a score with its interval, in percent."""
    return "–" if estimate is None else interval(estimate)


def difference_cell(one: SliceDifference) -> str:
    """Return a difference with its simultaneous interval, in points."""
    if one.difference is None or one.low is None or one.high is None:
        return "–"
    return f"{signed_points(one.difference)} {interval_in_points(one.low, one.high)}"

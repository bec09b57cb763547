"""From repeats that were compared to the API's answer."""

from app.models import Experiment
from app.schemas.compared_repeats import ComparedRepeatsOut, PassDifferenceOut
from app.schemas.slice_comparison import ComparedName
from app.services.comparisons.repeats import RepeatedComparison
from app.services.comparisons.report import labels, outcome_of
from app.services.evaluation.statistics.paired_passes import PassDifference
from app.services.evaluation.statistics.verdict import score_verdict


def compared_repeats_out(found: RepeatedComparison) -> ComparedRepeatsOut:
    """Return what repeats say of the differences, with verdicts."""
    baseline, *others = found.experiments
    names = labels([one.name for one in found.experiments])
    differences = [
        _difference(other, (names[0], label), one)
        for other, label, each in zip(others, names[1:], found.against_baseline, strict=True)
        for one in each
    ]
    family = differences[0].family if differences else 0
    return ComparedRepeatsOut(
        baseline_id=baseline.id,
        experiments=[
            ComparedName(experiment_id=one.id, name=one.name, label=label)
            for one, label in zip(found.experiments, names, strict=True)
        ],
        score=found.score,
        family=family,
        differences=differences,
        note=_note(family),
    )


def _difference(other: Experiment, names: tuple[str, str], one: PassDifference) -> PassDifferenceOut:
    low, high = one.simultaneous
    sentence = score_verdict(
        *names, one.paired, p=one.adjusted_p, simultaneous=one.simultaneous if one.family > 1 else None
    )
    return PassDifferenceOut(
        experiment_id=other.id,
        measure=one.measure,
        k=one.k,
        questions=one.questions,
        baseline=one.paired.first,
        this=one.paired.second,
        difference=one.paired.difference,
        low=low,
        high=high,
        plain_low=one.paired.low,
        plain_high=one.paired.high,
        p=one.paired.p,
        adjusted_p=one.adjusted_p,
        family=one.family,
        outcome=outcome_of(one.paired.difference, one.adjusted_p, more_is_better=True),
        message=f"{'pass@' if one.measure == 'any' else 'pass^'}{one.k}: {sentence}",
    )


def _note(family: int) -> str:
    if family == 0:
        return "Nothing was asked repeatedly in all of these experiments: set `repeats` in the file."
    many = f"p and intervals allow for all {family} differences of this table. " if family > 1 else ""
    return (
        f"{many}pass@k: one or more of k answers to a question are right; pass^k: all of them are. "
        "Paired question by question; questions with fewer than k scored answers on a side are left out."
    )

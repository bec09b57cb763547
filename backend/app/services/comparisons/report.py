"""From compared experiments to the API's answer: verdicts, and sentences about what is missing."""

from collections.abc import Sequence
from dataclasses import asdict
from os.path import commonprefix

from app.domain.rounding import fixed, signed_points
from app.models import Experiment
from app.schemas.comparison import (
    AmountDifference,
    Compared,
    ComparisonOut,
    DifferenceStatistics,
    EquivalenceOut,
    MissingEffect,
    SameAnswers,
    ScoreDifference,
    Unpaired,
    Verdict,
)
from app.schemas.result import Estimate
from app.services.comparisons.compare import (
    ALPHA,
    QuantityComparison,
    ScoreComparison,
    detectable,
)
from app.services.comparisons.comparison import Comparison
from app.services.comparisons.pairing import Pairing
from app.services.evaluation.metrics.stored import metrics_out
from app.services.evaluation.statistics.equivalence import EquivalenceVerdict, questions_for_equivalence
from app.services.evaluation.statistics.identity import AnswerIdentity
from app.services.evaluation.statistics.multiple import direction
from app.services.evaluation.statistics.paired import PairedDifference
from app.services.evaluation.statistics.verdict import questions_to_settle, score_verdict
from app.services.results.service import ExperimentResult

_FEWEST_PAIRS = 2
_LISTED = 50
"""Unpaired questions listed at most."""
_NAMED = 5
"""Unpaired questions named in a sentence at most."""


def comparison_out(comparison: Comparison) -> ComparisonOut:
    """Return a comparison with its verdicts."""
    results = comparison.results
    baseline = results[0].experiment
    names = labels([one.experiment.name for one in results])
    others = [
        (one.experiment, label, against)
        for one, label, against in zip(results[1:], names[1:], comparison.against_baseline, strict=True)
    ]
    return ComparisonOut(
        baseline_id=baseline.id,
        experiments=[_compared(one, label) for one, label in zip(results, names, strict=True)],
        differences=[
            _score(experiment, (names[0], label), score)
            for experiment, label, against in others
            for score in against.scores
        ],
        amounts=[
            amount
            for experiment, _, against in others
            for quantity in against.quantities
            if (amount := _amount(experiment, quantity)) is not None
        ],
        same_answers=[
            _same_answers(experiment, (names[0], label), against.identity)
            for experiment, label, against in others
            if against.identity is not None
        ],
        unpaired=[
            _unpaired(experiment, (names[0], label), against.pairing) for experiment, label, against in others
        ],
        settling=comparison.settling,
        family=comparison.family,
        tied_for_best=comparison.best,
        warnings=comparison.warnings,
    )


def labels(names: Sequence[str]) -> list[str]:
    """Return names without the part that all begin with, up to a colon: "Two ways: plain" → "plain"."""
    shared = commonprefix(list(names)).rpartition(": ")  # noqa: RUF071 - of characters, cut at a colon
    cut = len(shared[0]) + len(shared[1])
    short = [name[cut:] for name in names]
    return short if all(short) else list(names)


def _compared(one: ExperimentResult, label: str) -> Compared:
    experiment = one.experiment
    return Compared(
        experiment_id=experiment.id,
        name=experiment.name,
        label=label,
        status=experiment.status,
        model=experiment.model,
        method=experiment.method,
        dataset=experiment.dataset_name,
        dataset_version=one.result.provenance["dataset"]["version"],
        scoring=one.scoring,
        seed=experiment.seed,
        metrics=metrics_out(one.result.metrics),
    )


def _score(other: Experiment, names: tuple[str, str], one: ScoreComparison) -> ScoreDifference:
    both, only_this, only_baseline, neither = one.cells or (None,) * 4
    return ScoreDifference(
        experiment_id=other.id,
        score=one.score,
        n_paired=one.n_paired,
        n_questions=one.questions,
        baseline=one.paired.first if one.paired else None,
        this=one.paired.second if one.paired else None,
        difference=one.paired.difference if one.paired else None,
        both=both,
        only_this=only_this,
        only_baseline=only_baseline,
        neither=neither,
        statistics=_statistics(names, one.paired, one) if one.paired else None,
        equivalence=_equivalence(one),
        missing=_missing(names, one),
        message="" if one.paired else no_test(one.n_paired),
    )


def no_test(paired: int) -> str:
    """Return why so many pairs of answers say nothing of a difference."""
    if paired < _FEWEST_PAIRS:
        return f"Too few questions are paired for a test: {paired:,}."
    return f"No test: all {paired:,} paired answers belong to one cluster, which shows no spread between any."


def _statistics(
    names: tuple[str, str], paired: PairedDifference, one: ScoreComparison
) -> DifferenceStatistics:
    p = paired.p if one.adjusted_p is None else one.adjusted_p
    low, high = one.simultaneous or paired.simultaneous
    together = (low, high) if one.family > 1 else None
    return DifferenceStatistics(
        low=paired.low,
        high=paired.high,
        level=paired.level,
        simultaneous_low=low,
        simultaneous_high=high,
        family=one.family,
        interval=paired.method,
        p=paired.p,
        adjusted_p=p,
        test=paired.test,
        mid_p=paired.mcnemar.mid_p if paired.mcnemar else None,
        too_few=paired.mcnemar.too_few if paired.mcnemar else False,
        standard_error=paired.standard_error,
        units=paired.units,
        detectable=detectable(paired),
        needed=questions_to_settle(paired, paired.difference, one.questions),
        outcome=outcome_of(paired.difference, p, more_is_better=True),
        verdict=score_verdict(*names, paired, p=p, simultaneous=together, questions=one.questions),
        seed=paired.seed,
    )


def _equivalence(one: ScoreComparison) -> EquivalenceOut | None:
    found, paired = one.equivalence, one.paired
    if found is None or paired is None:
        return None
    unknown = found.verdict is EquivalenceVerdict.CANNOT_TELL
    needed = questions_for_equivalence(paired, found.margin, one.questions) if unknown else None
    return EquivalenceOut.model_validate({**asdict(found), "sentence": found.sentence, "needed": needed})


def _same_answers(other: Experiment, names: tuple[str, str], found: AnswerIdentity) -> SameAnswers:
    baseline, this = names
    outputs, answers = (
        f"{fixed(100 * one.value)} % [{fixed(100 * one.low)}, {fixed(100 * one.high)}]"
        for one in (found.outputs, found.answers)
    )
    return SameAnswers(
        experiment_id=other.id,
        outputs=Estimate.model_validate(found.outputs),
        answers=Estimate.model_validate(found.answers),
        message=f"{this} and {baseline} gave the same output in {outputs} of {found.outputs.n:,} pairs, and "
        f"the same answer in {answers}.",
    )


def outcome_of(difference: float, p: float, *, more_is_better: bool) -> Verdict:
    """Return how a difference is labelled, by its adjusted p."""
    side = direction(difference, p, ALPHA)
    if side == 0:
        return "not_distinguishable"
    return "better" if (side > 0) == more_is_better else "worse"


def _missing(names: tuple[str, str], one: ScoreComparison) -> MissingEffect | None:
    bounds = one.bounds
    if bounds is None or not (bounds.first_missing or bounds.second_missing):
        return None
    baseline, this = names
    # Without an interval, as for a single cluster, nothing between the ends of the scale is excluded.
    low, high = one.with_missing or (-1.0, 1.0)
    left_out = (
        f" The score does not apply to {one.not_applicable:,} more, which are left out."
        if one.not_applicable
        else ""
    )
    return MissingEffect(
        this_missing=bounds.second_missing,
        baseline_missing=bounds.first_missing,
        as_wrong=bounds.as_wrong,
        low=bounds.low,
        high=bounds.high,
        interval_low=low,
        interval_high=high,
        message=(
            f"{bounds.second_missing:,} runs of {this} and {bounds.first_missing:,} of {baseline} have no "
            "score. Counted as wrong, they would make the difference "
            f"{signed_points(bounds.as_wrong)} points; with any scores, it lies in "
            f"[{signed_points(bounds.low)}, {signed_points(bounds.high)}], "
            f"with a 95 % interval of [{signed_points(low)}, {signed_points(high)}].{left_out}"
        ),
    )


def _amount(other: Experiment, one: QuantityComparison) -> AmountDifference | None:
    if one.paired is None:
        return None
    paired = one.paired
    p = paired.p if one.adjusted_p is None else one.adjusted_p
    low, high = one.simultaneous or paired.simultaneous
    ratio_low, ratio_high = one.simultaneous_ratio or (None, None)
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
        simultaneous_low=low,
        simultaneous_high=high,
        simultaneous_ratio_low=ratio_low,
        simultaneous_ratio_high=ratio_high,
        family=one.family,
        p=paired.p,
        adjusted_p=p,
        outcome=outcome_of(paired.difference, p, more_is_better=False),
    )


def _unpaired(other: Experiment, names: tuple[str, str], pairing: Pairing) -> Unpaired:
    return Unpaired(
        experiment_id=other.id,
        n_changed=len(pairing.changed),
        changed=pairing.changed[:_LISTED],
        n_only_this=len(pairing.only_second),
        only_this=pairing.only_second[:_LISTED],
        n_only_baseline=len(pairing.only_first),
        only_baseline=pairing.only_first[:_LISTED],
        message=unpaired_message(names, pairing),
    )


def unpaired_message(names: tuple[str, str], pairing: Pairing) -> str:
    """Return a sentence about the questions that are not paired; empty if all are.

    Args:
        names: of the baseline, and of the experiment that is compared with it.
        pairing: of the baseline (first) with it (second).
    """
    baseline, this = names
    kinds = (
        (pairing.changed, "whose question or accepted answers differ"),
        (pairing.only_second, f"only in {this}"),
        (pairing.only_first, f"only in {baseline}"),
    )
    parts = [f"{len(keys):,} {words} ({_some(keys)})" for keys, words in kinds if keys]
    more = ((pairing.more_second, this), (pairing.more_first, baseline))
    parts += [
        f"{sum(runs.values()):,} more runs of {len(runs):,} questions in {name} ({_some(list(runs))})"
        for runs, name in more
        if runs
    ]
    return f"Not paired between {baseline} and {this}: {'; '.join(parts)}." if parts else ""


def _some(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:_NAMED])
    return f"{shown}, …" if len(keys) > _NAMED else shown

"""Several experiments against a baseline, and against each other: pure functions on arrays.

The comparisons of one score with the baseline are a family: their p values are adjusted together, by
Holm's method, and their intervals hold at once. If that is asked for, those of all scores are one family. All
comparisons of amounts (latency, tokens, cost) are one more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.domain.scoring import DEFAULT_MARGIN, ScoreFamily, ScoringRule
from app.services.comparisons.draws import (
    Labels,
    ScoreDraws,
    cached_paired_draws,
    cached_quantity_draws,
)
from app.services.comparisons.pairing import QUANTITIES, Floats, Pairing, RunArrays, pair
from app.services.comparisons.same_answers import same_answers
from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.equivalence import (
    Equivalence,
    equivalence,
    equivalence_level,
)
from app.services.evaluation.statistics.identity import AnswerIdentity
from app.services.evaluation.statistics.multiple import (
    agreeing,
    direction,
    holm,
    tied_for_best,
)
from app.services.evaluation.statistics.paired import (
    FailureBounds,
    PairedDifference,
    failure_bounds,
)
from app.services.evaluation.statistics.power import detectable_effect_mcnemar, detectable_effect_mean
from app.services.evaluation.statistics.proportions import FEWEST_DISCORDANT
from app.services.evaluation.statistics.quantity import QuantityDifference

ALPHA = 0.05
"""Level of the tests: a difference whose adjusted p is below it is called better or worse."""
_CELLS = ((1, 1), (0, 1), (1, 0), (0, 0))


@dataclass(frozen=True, slots=True)
class ScoreComparison:
    """One score of an experiment against the baseline's.

    Attributes:
        paired: the difference and its test on the items that both have; None if there are too few.
        adjusted_p: after Holm, over the comparisons of this score, or of all scores.
        bounds: of the difference, whatever the failed and unscored items would have scored; None for
            scores outside [0, 1].
        not_applicable: items that both sides answered and neither has this score for: it does not apply
            to them, and they are no part of the bounds.
        with_missing: the lower bound of the interval if all that is missing counts against this experiment,
            and the upper one if all counts for it; None if nothing is missing.
        simultaneous: bounds of the difference that hold at once with those of the whole family, and contain
            0 if and only if the adjusted p finds no difference.
        family: number of comparisons that were adjusted together.
        questions: distinct ones among the paired items, which are more if questions were asked repeatedly.
        equivalence: whether the difference is surely smaller than the margin; None as ``paired``.
        cells: items that both got right, only this one, only the baseline, neither; None for graded
            scores.
        draws: what intervals of any level are read from; None as ``paired``.
    """

    score: str
    n_paired: int
    paired: PairedDifference | None
    adjusted_p: float | None
    bounds: FailureBounds | None
    cells: tuple[int, ...] | None
    not_applicable: int = 0
    with_missing: tuple[float, float] | None = None
    simultaneous: Bounds | None = None
    family: int = 1
    questions: int = 0
    equivalence: Equivalence | None = None
    draws: ScoreDraws | None = None


@dataclass(frozen=True, slots=True)
class QuantityComparison:
    """Latency, tokens or cost of an experiment against the baseline's, on the same items.

    Attributes:
        adjusted_p: after Holm, over all comparisons of amounts.
        simultaneous: as of a score, over all comparisons of amounts.
        simultaneous_ratio: the same of the ratio, with 1 in the place of 0.
        family: number of comparisons that were adjusted together.
    """

    quantity: str
    n_paired: int
    paired: QuantityDifference | None
    adjusted_p: float | None = None
    simultaneous: Bounds | None = None
    simultaneous_ratio: Bounds | None = None
    family: int = 1


@dataclass(frozen=True, slots=True)
class ExperimentComparison:
    """An experiment against the baseline.

    Attributes:
        identity: how many answers are the same; None if they were not read, or none is paired.
    """

    pairing: Pairing
    scores: list[ScoreComparison]
    quantities: list[QuantityComparison]
    identity: AnswerIdentity | None = None


Sides = tuple[RunArrays, RunArrays, Pairing]
"""A baseline, another experiment, and which of their runs answer the same questions."""

Compared = TypeVar("Compared", ScoreComparison, QuantityComparison)


def _quantity_difference(
    first: Floats, second: Floats, clusters: Labels | None, family: int
) -> QuantityDifference | None:
    draws = cached_quantity_draws(first, second, clusters)
    return None if draws is None else draws.difference(family=family)


def compare_experiments(
    baseline: RunArrays,
    others: Sequence[RunArrays],
    scores: Sequence[str],
    quantities: Sequence[str] = QUANTITIES,
    *,
    margin: float = DEFAULT_MARGIN,
    rule: ScoringRule | None = None,
    family: ScoreFamily = "score",
) -> list[ExperimentComparison]:
    """Compare each of ``others`` with ``baseline`` by these scores and quantities.

    Args:
        baseline: one experiment.
        others: those that are compared with it.
        scores: by name.
        quantities: by name.
        margin: the largest difference of a score that does not matter.
        rule: by which answers are normalised, to say how many are the same; None: nothing is said of that.
        family: what p values and intervals of scores allow for: ``score``, the comparisons of one score, or
            ``page``, those of all scores.
    """
    pairings = [pair(baseline, other) for other in others]
    paired = [(baseline, other, pairing) for other, pairing in zip(others, pairings, strict=True)]
    families = [scores] if family == "page" else [[name] for name in scores]
    by_score = [one for names in families for one in compare_scores(paired, names, margin)]
    pairs = [(*one, name) for one in paired for name in quantities]
    size = _family(pairs)
    amounts = _adjusted([_quantity(*one, size) for one in pairs])
    each = len(quantities)
    return [
        ExperimentComparison(
            pairing,
            [compared[index] for compared in by_score],
            amounts[index * each : (index + 1) * each],
            None if rule is None else same_answers(baseline, other, pairing, rule),
        )
        for index, (_, other, pairing) in enumerate(paired)
    ]


def compare_score(pairs: Sequence[Sides], name: str, margin: float = DEFAULT_MARGIN) -> list[ScoreComparison]:
    """Compare one score in several pairs of experiments, or parts of them, which are one family.

    Args:
        pairs: baseline, other experiment, and which of their runs are compared.
        name: of the score.
        margin: the largest difference that does not matter.
    """
    return compare_scores(pairs, [name], margin)[0] if pairs else []


def compare_scores(
    pairs: Sequence[Sides], names: Sequence[str], margin: float = DEFAULT_MARGIN
) -> list[list[ScoreComparison]]:
    """Compare several scores in several pairs of experiments, all of which are one family.

    Args:
        pairs: see ``compare_score``.
        names: of the scores.
        margin: the largest difference that does not matter.

    Returns:
        For each score, its comparisons in the order of the pairs.
    """
    sides = [(*one, name) for name in names for one in pairs]
    family = _family(sides)
    found = _adjusted([_score(*one, family) for one in sides])
    decided = [replace(one, equivalence=_equivalence(one, margin)) for one in found]
    return [decided[place : place + len(pairs)] for place in range(0, len(decided), max(1, len(pairs)))]


def compare_quantity(baseline: RunArrays, other: RunArrays, name: str) -> QuantityComparison:
    """Compare ``other`` with ``baseline`` by one quantity alone."""
    return _quantity(baseline, other, pair(baseline, other), name, 1)


def detectable(paired: PairedDifference) -> float | None:
    """Return the smallest difference that this number of items detects with a power of .8.

    It is computed from the observed share of items that differ, or the observed variance of the
    differences. None if no item differs, or if so few items cannot reach p < .05 at all.
    """
    if paired.units < FEWEST_DISCORDANT:
        return None
    if paired.mcnemar is not None:
        discordant = paired.mcnemar.discordant / paired.n
        return detectable_effect_mcnemar(paired.n, discordant) if discordant else None
    if not paired.standard_error:
        return None
    return detectable_effect_mean(paired.n, paired.n * paired.standard_error**2)


def best_of(experiments: Mapping[str, RunArrays], score: str) -> list[str]:
    """Return the names of the experiments that are not distinguishable from the best by ``score``.

    The best is compared with each other one; the p values are adjusted together.
    """
    means = {
        name: float(np.nanmean(values))
        for name, runs in experiments.items()
        if (values := runs.values.get(score)) is not None and not np.isnan(values).all()
    }
    if len(means) < 2:
        return list(means)
    best = max(means, key=lambda name: means[name])
    others = [name for name in means if name != best]
    first = experiments[best]
    pairs = [(experiments[name], pair(first, experiments[name]), score) for name in others]
    found = [_score(first, *one, 1).paired for one in pairs]
    tested = [(name, one.p) for name, one in zip(others, found, strict=True) if one is not None]
    adjusted = holm([p for _, p in tested])
    return tied_for_best(
        means, {(best, name): float(p) for (name, _), p in zip(tested, adjusted, strict=True)}
    )


def _family(pairs: Sequence[tuple[RunArrays, RunArrays, Pairing, str]]) -> int:
    """Return how many of these comparisons have enough units for a test, 1 at least."""
    return max(1, sum(_testable(*_values(*one)) for one in pairs))


def _testable(one: Floats, two: Floats, clusters: Labels | None) -> bool:
    if clusters is not None:
        return np.unique(clusters).size > 1
    return one.size > 1 or (one.size == 1 and _binary(one, two))


def _values(
    baseline: RunArrays, other: RunArrays, pairing: Pairing, name: str
) -> tuple[Floats, Floats, Labels | None]:
    return _kept(baseline.values[name][pairing.first], other.values[name][pairing.second], pairing)


def _binary(one: Floats, two: Floats) -> bool:
    return bool(np.all((one == 0) | (one == 1)) and np.all((two == 0) | (two == 1)))


def _score(
    baseline: RunArrays, other: RunArrays, pairing: Pairing, name: str, family: int
) -> ScoreComparison:
    first, second = baseline.values[name][pairing.first], other.values[name][pairing.second]
    one, two, _ = _kept(first, second, pairing)
    applies = ~_not_applicable(baseline, other, pairing, first, second)
    bounds = _bounds(first[applies], second[applies])
    draws = _draws(first, second, pairing, applies, bounds)
    return ScoreComparison(
        score=name,
        n_paired=one.size,
        paired=draws.answered.difference(family=family) if draws else None,
        adjusted_p=None,
        bounds=bounds,
        cells=tuple(int(((one == a) & (two == b)).sum()) for a, b in _CELLS) if _binary(one, two) else None,
        not_applicable=int((~applies).sum()),
        with_missing=draws.with_missing(0.95) if draws else None,
        questions=pairing.count_questions(~np.isnan(first) & ~np.isnan(second)),
        draws=draws,
    )


def _not_applicable(
    baseline: RunArrays, other: RunArrays, pairing: Pairing, first: Floats, second: Floats
) -> NDArray[np.bool_]:
    """Return which pairs both answered, with neither scored: what a yes leaves to be found, say."""
    failed = np.array(baseline.failed, dtype=bool)[pairing.first]
    failed |= np.array(other.failed, dtype=bool)[pairing.second]
    return np.asarray(np.isnan(first) & np.isnan(second) & ~failed)


def _draws(
    first: Floats,
    second: Floats,
    pairing: Pairing,
    applies: NDArray[np.bool_],
    bounds: FailureBounds | None,
) -> ScoreDraws | None:
    """Return the draws of a score's pairs, with those for what is missing; None if there are too few."""
    answered = cached_paired_draws(*_kept(first, second, pairing))
    if answered is None or bounds is None or not (bounds.first_missing or bounds.second_missing):
        return None if answered is None else ScoreDraws(answered)
    one, two = first[applies], second[applies]
    labels = _unless_single(None if pairing.clusters is None else pairing.clusters[applies])
    lost_one, lost_two = np.isnan(one), np.isnan(two)
    against = cached_paired_draws(np.where(lost_one, 1.0, one), np.where(lost_two, 0.0, two), labels)
    towards = cached_paired_draws(np.where(lost_one, 0.0, one), np.where(lost_two, 1.0, two), labels)
    return ScoreDraws(answered, against, towards)


def _equivalence(found: ScoreComparison, margin: float) -> Equivalence | None:
    """Return whether a difference is within the margin, with what failed counted for and against it."""
    if found.draws is None:
        return None
    level = equivalence_level(found.family)
    missing = found.draws.with_missing(level)
    return equivalence(
        found.draws.answered,
        margin,
        adjusted_p=found.adjusted_p,
        family=found.family,
        with_missing=missing,
    )


def _bounds(first: Floats, second: Floats) -> FailureBounds | None:
    try:
        return failure_bounds(first, second)
    except ValueError:  # no items, or scores outside [0, 1], which have no least and greatest value
        return None


def _quantity(
    baseline: RunArrays, other: RunArrays, pairing: Pairing, name: str, family: int
) -> QuantityComparison:
    one, two, clusters = _values(baseline, other, pairing, name)
    return QuantityComparison(name, one.size, _quantity_difference(one, two, clusters, family))


def _kept(first: Floats, second: Floats, pairing: Pairing) -> tuple[Floats, Floats, Labels | None]:
    """Return the pairs that have both values, and their clusters unless each pair is its own."""
    kept = ~np.isnan(first) & ~np.isnan(second)
    clusters = None if pairing.clusters is None else pairing.clusters[kept]
    return first[kept], second[kept], _unless_single(clusters)


def _unless_single(clusters: Labels | None) -> Labels | None:
    """Return the labels, or None if each item has its own."""
    return None if clusters is None or np.unique(clusters).size == clusters.size else clusters


def _adjusted(family: list[Compared]) -> list[Compared]:
    """Return the comparisons with adjusted p values, and simultaneous intervals that agree with them."""
    adjusted = holm([one.paired.p for one in family if one.paired is not None])
    ps = iter(adjusted.tolist())
    return [
        one if one.paired is None else _in_family(one, one.paired, next(ps), adjusted.size) for one in family
    ]


def _in_family(
    one: Compared, found: PairedDifference | QuantityDifference, p: float, family: int
) -> Compared:
    side = direction(found.difference, p, ALPHA)
    ratio = found.simultaneous_ratio if isinstance(found, QuantityDifference) else None
    of_ratio: dict[str, Any] = {}
    if ratio is not None:
        low, high = agreeing((log(ratio[0]), log(ratio[1])), side)
        of_ratio = {"simultaneous_ratio": (exp(low), exp(high))}
    bounds = agreeing(found.simultaneous, side)
    return replace(one, adjusted_p=p, family=family, simultaneous=bounds, **of_ratio)

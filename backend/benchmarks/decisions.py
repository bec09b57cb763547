"""If what the product decides keeps its promises: exits of the gate, verdicts, labels of a page, intervals.

``gate``: of candidates that are worse by just the margin, 2.5 % may pass. ``verdict``: of experiments that
are equal, 5 % may be called better or worse. ``page``: the same for a page of five, and how often all of its
simultaneous intervals hold the truth. ``one experiment``: 95 % of the intervals hold the truth, or more where
few questions leave little to go by.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.metrics import Estimate
from app.services.comparisons.compare import ExperimentComparison, compare_experiments
from app.services.comparisons.pairing import QUANTITIES, RunArrays
from app.services.comparisons.report import outcome_of
from app.services.evaluation.statistics.means import bounded_mean, share
from app.services.evaluation.statistics.noninferiority import Decision, gate_decision
from app.services.evaluation.statistics.paired import paired_difference
from app.services.evaluation.statistics.verdict import score_verdict
from benchmarks.rows import Row

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Rng = np.random.Generator
Sides = tuple[Floats, Floats, Labels | None]

SIZES = (2, 5, 10, 20, 30, 100, 300)
DRAWS = 999
_ARMS = 5
_PAGE = 60
_F1 = (0.0, 0.4, 0.5, 2 / 3, 0.8, 1.0)
_F1_SHARES = (0.3, 0.05, 0.05, 0.05, 0.1, 0.45)
_F1_MEAN = float(np.dot(_F1, _F1_SHARES))


@dataclass(frozen=True, slots=True)
class Case:
    """Candidates that are worse than their baseline by ``margin`` in truth, on so many units."""

    name: str
    margin: float
    draw: Callable[[Rng, int], Sides]


def _answers(lost: float, won: float) -> Callable[[Rng, int], Sides]:
    def draw(rng: Rng, n: int) -> Sides:
        luck, right = rng.random(n), (rng.random(n) < 0.5).astype(float)
        first = np.where(luck < lost, 1.0, np.where(luck < lost + won, 0.0, right))
        second = np.where(luck < lost, 0.0, np.where(luck < lost + won, 1.0, right))
        return first, second, None

    return draw


def _broken_repeats(rng: Rng, n: int) -> Sides:
    first = (rng.random((n, 3)) < rng.beta(1, 1, n)[:, None]).astype(float)
    second = np.where((rng.random(n) < 0.05)[:, None], 0.0, first)
    return first.ravel(), second.ravel(), np.repeat(np.arange(n), 3)


def _halved_f1(rng: Rng, n: int) -> Sides:
    first = rng.choice(_F1, n, p=_F1_SHARES)
    return first, np.where(rng.random(n) < 0.06, first / 2, first), None


def _clustered(rng: Rng, sizes: Labels) -> Sides:
    """Return sides whose difference varies by cluster, for clusters of these sizes."""
    labels = np.repeat(np.arange(sizes.size), sizes)
    shift = rng.choice([-0.3, 0.2], sizes.size)[labels]
    return (
        (rng.random(labels.size) < 0.6).astype(float),
        (rng.random(labels.size) < 0.6 + shift).astype(float),
        labels,
    )


def _documents(rng: Rng, n: int) -> Sides:
    sizes = 1 + np.floor(np.exp(rng.normal(0.5, 1.0, n))).astype(int)
    return _clustered(rng, sizes)


def _two_large(rng: Rng, n: int) -> Sides:
    sizes = np.full(n, 6)
    sizes[:2] = 40
    return _clustered(rng, sizes)


CASES = (
    Case("right or wrong, 6 % lost, 2 % won", 0.04, _answers(0.06, 0.02)),
    Case("right or wrong, 25 % lost, 5 % won", 0.2, _answers(0.25, 0.05)),
    Case("3 repeats, 5 % broken for good", 0.025, _broken_repeats),
    Case("F1, 6 % half as good", 0.03 * _F1_MEAN, _halved_f1),
    Case("documents of very unequal size", 0.05, _documents),
    Case("documents of 6 questions and two of 40", 0.05, _two_large),
)


def decisions(rounds: int, seed: int) -> Iterator[Row]:
    """Simulate all decisions, with so many rounds a case."""
    for case in CASES:
        for n in SIZES:
            yield from _decided(case, n, rounds, np.random.default_rng([seed, n]))
    for n in (20, 100, 300):
        yield _failures(n, rounds, np.random.default_rng([seed, n]))
    yield from _page(max(rounds // 5, 20), np.random.default_rng(seed))
    yield from _whole_families(max(rounds // 2, 20), np.random.default_rng(seed))
    yield from _one_experiment(rounds, seed)


def _decided(case: Case, n: int, rounds: int, rng: Rng) -> Iterator[Row]:
    passes, verdicts, told, held = 0, 0, 0, 0
    for each in range(rounds):
        first, second, labels = case.draw(rng, n)
        found = paired_difference(first, second, labels, seed=each, resamples=DRAWS)
        decision = gate_decision((found.low, found.high), found.units, case.margin)
        passes += decision is Decision.PASS
        told += decision is not Decision.CANNOT_TELL
        held += found.low <= -case.margin <= found.high
        # Sides exchanged unit by unit, by the flip of a coin: nothing differs.
        units = np.arange(first.size) if labels is None else labels
        swapped = (rng.random(n) < 0.5)[units]
        sides = np.where(swapped, second, first), np.where(swapped, first, second)
        like = paired_difference(*sides, labels, seed=each, resamples=DRAWS)
        verdicts += " is better than " in score_verdict("first", "second", like)
    name = f"{n} {'documents' if 'documents' in case.name else 'questions'}, {case.name}"
    note = f"{told / rounds:.1%} decided, the interval holds the truth in {held / rounds:.1%}"
    yield Row(f"gate, margin {100 * case.margin:.1f} points, {name}", passes / rounds, 0, 0.025, rounds, note)
    yield Row(f"verdict, {name}, sides exchanged at random", verdicts / rounds, 0, 0.05, rounds)


def _failures(n: int, rounds: int, rng: Rng) -> Row:
    """A candidate that is 10 points worse, and fails on just the questions that it would get wrong."""
    passes = 0
    for _ in range(rounds):
        first = (rng.random(n) < 0.7).astype(float)
        second = np.where(rng.random(n) < 0.15, 0.0, np.where(rng.random(n) < 0.05, 1.0, first))
        second = np.where((second < first) & (rng.random(n) < 0.9), np.nan, second)
        (score,) = compare_experiments(_arrays(first), [_arrays(second)], ["exact_match"])[0].scores
        if score.paired is not None:
            bounds = (score.paired.low, score.paired.high)
            passes += gate_decision(bounds, score.paired.units, 0.02, score.with_missing) is Decision.PASS
    name = f"gate, margin 2.0 points, {n} questions, what goes wrong fails instead"
    return Row(name, passes / rounds, 0, 0.025, rounds)


def _arrays(answers: Floats, **values: Floats) -> RunArrays:
    names = [str(place) for place in range(answers.size)]
    unknown = dict.fromkeys(QUANTITIES, np.full(answers.size, np.nan))
    return RunArrays(
        hashes=names,
        repeats=[0] * answers.size,
        keys=names,
        clusters=[None] * answers.size,
        failed=np.isnan(answers).tolist(),
        values={"exact_match": answers, **unknown, **values},
    )


def _page(rounds: int, rng: Rng) -> Iterator[Row]:
    """Five experiments of equal quality and cost: how often anything of one kind gets a colour."""
    labelled = {"right or wrong": 0, "F1": 0, "latency, tokens or cost": 0}
    for _ in range(rounds):
        arms = [_arm(rng) for _ in range(_ARMS)]
        found = compare_experiments(arms[0], arms[1:], ["exact_match", "f1"])
        for kind, place in (("right or wrong", 0), ("F1", 1)):
            scores = [one.scores[place] for one in found]
            labelled[kind] += any(
                outcome_of(one.paired.difference, one.adjusted_p, more_is_better=True)
                != "not_distinguishable"
                for one in scores
                if one.paired and one.adjusted_p is not None
            )
        labelled["latency, tokens or cost"] += any(
            outcome_of(one.paired.difference, one.adjusted_p, more_is_better=False) != "not_distinguishable"
            for each in found
            for one in each.quantities
            if one.paired and one.adjusted_p is not None
        )
    for kind, count in labelled.items():
        name = f"page of {_ARMS} like experiments, {_PAGE} questions, any label by {kind}"
        yield Row(name, count / rounds, 0, 0.05, rounds)


def _whole_families(rounds: int, rng: Rng) -> Iterator[Row]:
    """Four experiments, three of them much better than the baseline: do all intervals hold at once?

    It is the hardest case for intervals that agree with Holm's test: it spends all of its level on the one
    that is like the baseline, after it has found the others.
    """
    gains = (0.0, 0.4, 0.4, 0.4)
    held = {"right or wrong": [0, 0], "F1": [0, 0]}
    for _ in range(rounds):
        first = (rng.random(_PAGE) < 0.5).astype(float)
        others = [_improved(rng, first, gain) for gain in gains]
        for counts, most in zip(held.values(), (1.0, 0.5), strict=True):
            arms = [_arrays(most * one) for one in others]
            found = compare_experiments(_arrays(most * first), arms, ["exact_match"])
            for place, hold in enumerate(_within(found, [most * gain / 2 for gain in gains])):
                counts[place] += hold
    for kind, (together, alone) in held.items():
        name = f"page of {_ARMS}, three better, {_PAGE} questions, {kind}: all intervals hold at once"
        note = f"the plain ones in {alone / rounds:.1%}"
        yield Row(name, together / rounds, 0.93, 1.0, rounds, note)


def _improved(rng: Rng, first: Floats, gain: float) -> Floats:
    """Return answers of which a tenth is lost and a tenth, and ``gain`` more, is won."""
    luck = rng.random(first.size)
    return np.where(first == 1, luck >= 0.1, luck < 0.1 + gain).astype(float)


def _within(found: Sequence[ExperimentComparison], truths: Sequence[float]) -> tuple[bool, bool]:
    """Return whether all simultaneous intervals hold the true differences, and all plain ones."""
    scores = [one.scores[0] for one in found]
    pairs = [(one, truth) for one, truth in zip(scores, truths, strict=True) if one.paired]
    return (
        all(one.simultaneous[0] <= truth <= one.simultaneous[1] for one, truth in pairs if one.simultaneous),
        all(one.paired.low <= truth <= one.paired.high for one, truth in pairs if one.paired),
    )


def _arm(rng: Rng) -> RunArrays:
    right = (rng.random(_PAGE) < 0.5).astype(float)
    f1 = np.where(rng.random(_PAGE) < 0.3, rng.choice(_F1, _PAGE), right)
    tokens = np.round(rng.lognormal(3, 0.5, _PAGE))
    latency = rng.lognormal(6, 0.6, _PAGE)
    return _arrays(right, f1=f1, latency_ms=latency, tokens=tokens, cost_usd=tokens * 1e-6)


def _one_experiment(rounds: int, seed: int) -> Iterator[Row]:
    """How often the interval of one experiment's mean holds the truth."""
    for n in SIZES[1:]:
        least = 0.93
        most = 0.97 if n >= 100 else 1.0
        cases: Sequence[tuple[str, Callable[[Rng, int], Estimate], float]] = (
            ("share, answers of one question alike, 5 repeats", _alike, 0.4),
            ("share, 3 repeats", _three_times, 0.5),
            ("F1, 70 % zeros", _mostly_zero, 0.3 * 0.6),
            ("share, documents of unequal size", _on_documents, 0.6),
        )
        for name, draw, truth in cases:
            rng = np.random.default_rng([seed, n])
            found = [draw(rng, n) for _ in range(rounds)]
            held = float(np.mean([one.low <= truth <= one.high for one in found]))
            width = float(np.mean([one.high - one.low for one in found]))
            case = f"one experiment, coverage, {name}, {n} units"
            yield Row(case, held, least, most, rounds, f"mean width {width:.3f}")


def _alike(rng: Rng, n: int) -> Estimate:
    right = (rng.random(n) < 0.4).astype(float)
    return share(np.repeat(right, 5).tolist(), _names(np.repeat(np.arange(n), 5)))


def _three_times(rng: Rng, n: int) -> Estimate:
    right = rng.random((n, 3)) < rng.beta(1, 1, n)[:, None]
    return share(right.ravel().astype(float).tolist(), _names(np.repeat(np.arange(n), 3)))


def _mostly_zero(rng: Rng, n: int) -> Estimate:
    scores = np.where(rng.random(n) < 0.7, 0.0, rng.choice([0.4, 0.6, 0.8], n))
    return bounded_mean(scores.tolist(), None, int(rng.integers(2**31)))


def _on_documents(rng: Rng, n: int) -> Estimate:
    sizes = 1 + np.floor(np.exp(rng.normal(0.5, 1.0, n))).astype(int)
    labels = np.repeat(np.arange(n), sizes)
    right = rng.random(labels.size) < rng.beta(3, 2, n)[labels]
    return share(right.astype(float).tolist(), _names(labels))


def _names(labels: Labels) -> list[str]:
    return [str(label) for label in labels]

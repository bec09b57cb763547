"""If gates of several rules, and the figures of repeats, keep their promises: part of ``statistics``."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.gate_policy import RuleTest, decide_rules
from app.services.evaluation.statistics.noninferiority import Decision
from app.services.evaluation.statistics.paired import paired_draws
from app.services.evaluation.statistics.paired_passes import PassDifference, PassSides, pass_differences
from app.services.evaluation.statistics.repeats import passes, variance_shares
from benchmarks.rows import Row

Rng = np.random.Generator

_RULES = 5
_MARGIN = 0.05


def repeats(rounds: int, seed: int) -> Iterator[Row]:
    """Simulate gates whose rules are all at the margin, and coverage of the figures of repeats."""
    for decision in (Decision.PASS, Decision.FAIL):
        yield _gate(decision, rounds, np.random.default_rng(seed))
    for questions, times in ((20, 2), (50, 5), (200, 5)):
        for shape in (0.05, 1.0):
            yield _variance(questions, times, shape, rounds // 4, np.random.default_rng(seed))
        yield _passes(questions, times, rounds // 4, np.random.default_rng(seed))
        yield from pass_claims(questions, times, rounds // 4, seed)


def _gate(wrong: Decision, rounds: int, rng: Rng) -> Row:
    """Any rule of several that passes, or fails, where each candidate is worse by just the margin."""
    chances = [(0.2 + _MARGIN) / 2, (0.2 - _MARGIN) / 2, 0.8]
    found = 0
    for _ in range(rounds):
        rules = [_of_table(*row[:2]) for row in rng.multinomial(300, chances, _RULES)]
        found += any(one is not None and one.decision is wrong for one in decide_rules(rules))
    word = "passes" if wrong is Decision.PASS else "fails"
    case = f"gate of {_RULES} rules, each worse by just the margin, 300 questions: any {word}"
    return Row(case, found / rounds, 0, 0.05, rounds)


def _of_table(lost: int, won: int, n: int = 300) -> RuleTest:
    first, second = np.ones(n), np.ones(n)
    second[:lost] = 0
    first[lost : lost + won] = 0
    draws = paired_draws(first, second, seed=0)

    def bounds(level: float) -> Bounds:
        difference = draws.difference(level=level)
        return difference.low, difference.high

    return RuleTest(bounds, n, _MARGIN)


def _variance(questions: int, times: int, shape: float, rounds: int, rng: Rng) -> Row:
    """Right or wrong by chances of a beta distribution of mean ½: the share between is its variance by ¼."""
    truth = 1 / (2 * shape + 1)
    held = 0
    for _ in range(rounds):
        right = rng.random((questions, times)) < rng.beta(shape, shape, questions)[:, None]
        found = variance_shares(right.astype(float).tolist(), [str(place) for place in range(questions)])
        held += found is not None and found.between.low <= truth <= found.between.high
    case = f"coverage, share of variance between {questions} questions of {truth:.0%}, {times} repeats"
    return Row(case, held / rounds, 0.93, 1, rounds)


def _passes(questions: int, times: int, rounds: int, rng: Rng) -> Row:
    """Both pass@2 and pass^2, of chances that are uniform: 2/3 and 1/3."""
    held = 0
    labels = [str(place) for place in range(questions)]
    for seed in range(rounds):
        right = rng.binomial(times, rng.random(questions)).tolist()
        (found,) = passes(right, [times] * questions, labels, [2], seed)
        held += found.any_right.low <= 2 / 3 <= found.any_right.high
        held += found.all_right.low <= 1 / 3 <= found.all_right.high
    case = f"coverage, pass@2 and pass^2, {questions} questions, {times} repeats"
    return Row(case, held / (2 * rounds), 0.93, 0.97, rounds)


def pass_claims(questions: int, times: int, rounds: int, seed: int) -> Iterator[Row]:
    """Differences of pass@k and pass^k of all k at once: any false one, and how often intervals hold them.

    The chances of a question to be answered right have a U-shaped distribution. Where nothing differs they
    are drawn anew for the second side, which is harder than equal ones; else their odds are e^½ as high.
    """
    what = f"pass@k and pass^k, {questions} questions, {times} repeats"
    false = 0
    rng = np.random.default_rng(seed)
    for each in range(rounds):
        chances = rng.beta(0.5, 0.5, (2, questions))
        false += any(one.adjusted_p < 0.05 for one in _compared(chances, times, rng, each))
    yield Row(f"any false difference in {what}", false / rounds, 0, 0.05, rounds)
    true = _better(np.random.default_rng(99).beta(0.5, 0.5, 400_000))
    held = shown = 0
    for each in range(rounds):
        for one in _compared(_better(rng.beta(0.5, 0.5, questions)), times, rng, each):
            some = one.measure == "any"
            first, second = (1 - (1 - side) ** one.k if some else side**one.k for side in true)
            held += one.paired.low <= float(np.mean(second - first)) <= one.paired.high
            shown += 1
    yield Row(f"coverage, difference of {what}", held / shown, 0.93, 1, rounds)


def _better(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return chances, and those with odds that are e^½ as high. Shape ``(2, n)``."""
    odds = np.exp(0.5) * chances / np.maximum(1 - chances, 1e-12)
    return np.array([chances, odds / (1 + odds)])


def _compared(chances: NDArray[np.float64], times: int, rng: Rng, seed: int) -> list[PassDifference]:
    first, second = rng.binomial(times, chances).tolist()
    asked = [times] * len(first)
    (found,) = pass_differences([PassSides(first, asked, second, asked)], seed=seed)
    return found

"""If gates of several rules, and the figures of repeats, keep their promises: part of ``statistics``."""

from collections.abc import Iterator

import numpy as np

from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.gate_policy import RuleTest, decide_rules
from app.services.evaluation.statistics.noninferiority import Decision
from app.services.evaluation.statistics.paired import paired_draws
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

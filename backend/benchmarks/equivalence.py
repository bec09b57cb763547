"""If "equivalent" keeps its promise: of candidates worse by just the margin, 5 % may be called so."""

from collections.abc import Iterator

import numpy as np

from app.services.evaluation.statistics.equivalence import equivalence, questions_for_equivalence
from app.services.evaluation.statistics.paired import PairedDraws, paired_draws
from benchmarks.decisions import CASES, DRAWS, Case, Rng
from benchmarks.rows import Row

SIZES = (10, 20, 100, 300, 1000)
_FAMILY = 4


def equivalences(rounds: int, seed: int, sizes: tuple[int, ...] = SIZES) -> Iterator[Row]:
    """Simulate how often equivalence is found where it is not, alone and in a family, and where it is."""
    for case in CASES:
        for n in sizes:
            yield _at_the_margin(case, n, rounds, np.random.default_rng([seed, n]))
    yield _family(CASES[0], max(sizes), rounds, np.random.default_rng(seed))
    yield _power(rounds, np.random.default_rng(seed))


def _draws(case: Case, n: int, seed: int, rng: Rng) -> PairedDraws:
    first, second, labels = case.draw(rng, n)
    return paired_draws(first, second, labels, seed=seed, resamples=DRAWS)


def _at_the_margin(case: Case, n: int, rounds: int, rng: Rng) -> Row:
    false = sum(equivalence(_draws(case, n, each, rng), case.margin).within for each in range(rounds))
    units = "documents" if "documents" in case.name else "questions"
    name = f"equivalent, worse by the margin of {100 * case.margin:.1f} points, {n} {units}, {case.name}"
    return Row(name, false / rounds, 0, 0.05, rounds)


def _family(case: Case, n: int, rounds: int, rng: Rng) -> Row:
    """Several candidates that are all worse by the margin: how often any of them is called equivalent."""
    false = 0
    for each in range(rounds):
        found = [_draws(case, n, each, rng) for _ in range(_FAMILY)]
        false += any(equivalence(one, case.margin, family=_FAMILY).within for one in found)
    name = f"any equivalent of {_FAMILY}, all worse by the margin, {n} questions, {case.name}"
    return Row(name, false / rounds, 0, 0.05, rounds)


def _power(rounds: int, rng: Rng) -> Row:
    """Sides that do not differ, on as many questions as are said to show it."""
    margin, discordant = 0.02, 0.1
    n = questions_for_equivalence(_sides(1_000, 50, 50).difference(), margin) or 0
    found = 0
    for _ in range(rounds):
        differ = int(rng.binomial(n, discordant))
        won = int(rng.binomial(differ, 0.5))
        found += equivalence(_sides(n, differ - won, won), margin).within
    name = f"power of equivalence, {n} questions, margin 2 points, 10 % discordant, no difference"
    return Row(name, found / rounds, 0.77, 0.83, rounds)


def _sides(n: int, lost: int, won: int) -> PairedDraws:
    first, second = np.ones(n), np.ones(n)
    second[:lost] = 0
    first[lost : lost + won] = 0
    return paired_draws(first, second, seed=0)

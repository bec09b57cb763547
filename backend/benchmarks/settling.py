"""Comparisons that end when they are settled: false findings, questions asked, and time of a look.

By the product's code, one simulated comparison after another, looked at after every question.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
from numpy.typing import NDArray

from app.services.evaluation.statistics.anytime import PairedBets
from app.services.evaluation.statistics.power import sample_size_mcnemar
from app.services.evaluation.statistics.proportions import mcnemar
from app.services.evaluation.statistics.settling import Settling
from benchmarks.rows import Row

Floats = NDArray[np.float64]
Rng = np.random.Generator

DISCORDANT = 0.25
PLANNED = sample_size_mcnemar(DISCORDANT, 0.1)
"""Questions of the fixed design: 10 points at 25 % discordant pairs with a power of .8."""
_MARGIN = 0.05
_SIDES = 4


def differences(rng: Rng, n: int, difference: float, discordant: float = DISCORDANT) -> Floats:
    """Draw differences of right and wrong answers."""
    chances = [(discordant - difference) / 2, 1 - discordant, (discordant + difference) / 2]
    return rng.choice([-1.0, 0.0, 1.0], n, p=chances)


def graded_differences(rng: Rng, n: int) -> Floats:
    """Draw differences of F1 scores, 0 in the mean and skewed: many small losses, few large gains."""
    return rng.choice([-0.25, 0.0, 1.0], n, p=[0.24, 0.7, 0.06])


def settle(*sides: Floats, margin: float = _MARGIN) -> Settling:
    """Return the comparison of so many sides with a baseline, after all questions or when it was settled."""
    settling = Settling([str(place) for place in range(len(sides))], margin)
    settling.add({str(place): (one, one) for place, one in enumerate(sides)})
    return settling


def false_findings(rounds: int, seed: int, n: int = 1_000) -> Iterator[Row]:
    """How often sides that do not differ are called better or worse, looked at after every question."""
    few = rounds // 4
    draws: list[tuple[str, int, Callable[[Rng], Floats]]] = [
        ("right or wrong", rounds, lambda rng: differences(rng, n, 0)),
        ("graded", few, lambda rng: graded_differences(rng, n)),
    ]
    for name, times, draw in draws:
        rng = np.random.default_rng(seed)
        found = sum(_differs(settle(draw(rng), margin=1e-6)) for _ in range(times))
        case = f"looked at after each of {n:,} questions, nothing differs, {name}: called better or worse"
        yield Row(case, found / times, 0, 0.05, times)
    rng = np.random.default_rng(seed)
    wrong = 0
    for _ in range(few):
        wrong += _differs(settle(*(differences(rng, n, 0) for _ in range(_SIDES)), margin=1e-6))
    yield Row(f"the same, right or wrong, any of {_SIDES} sides", wrong / few, 0, 0.05, few)
    rng = np.random.default_rng(seed)
    equal = sum(settle(differences(rng, n, _MARGIN)).look("0").equivalence.within for _ in range(few))
    case = f"looked at after each of {n:,} questions, 5 points apart: called equivalent within 5 points"
    yield Row(case, equal / few, 0, 0.05, few)


def peeking(rounds: int, seed: int, n: int = 1_000) -> Row:
    """How often the ordinary p falls below .05 at some question, where nothing differs."""
    rng = np.random.default_rng(seed)
    found = sum(_peeked(differences(rng, n, 0)) for _ in range(rounds))
    case = f"for comparison, the ordinary p of McNemar's test after each of {n:,} questions"
    return Row(case, found / rounds, 0, 1, rounds)


def _differs(settling: Settling) -> bool:
    return any(one.verdict in {"better", "worse"} for one in settling.settled.values())


def _peeked(differences: Floats) -> bool:
    """Return whether the ordinary p was below .05 after any question."""
    won, lost = np.cumsum(differences > 0), np.cumsum(differences < 0)
    tables = {(int(b), int(c)) for b, c in zip(won, lost, strict=True)}
    return any(abs(b - c) > (b + c) ** 0.5 * 1.7 and mcnemar(b, c).p < 0.05 for b, c in tables)


def rows(rounds: int, seed: int) -> Iterator[Row]:
    """Run all that has a goal."""
    yield from false_findings(rounds, seed)
    yield peeking(rounds // 10, seed)


def questions_asked(rounds: int, seed: int) -> Iterator[str]:
    """How many questions are asked until a comparison is settled, and what is found then."""
    for difference, n, discordant in (
        (0.2, PLANNED, DISCORDANT),
        (0.1, PLANNED, DISCORDANT),
        (0.1, 4 * PLANNED, DISCORDANT),
        (0.0, 3_000, 0.02),
        (0.0, 3_000, 0.1),
        (0.0, 3_000, DISCORDANT),
    ):
        rng = np.random.default_rng(seed)
        looks = [settle(differences(rng, n, difference, discordant)).look("0") for _ in range(rounds)]
        asked = [one.questions for one in looks]
        verdicts = Counter(str(one.verdict) for one in looks)
        shares = ", ".join(f"{name} {count / rounds:.1%}" for name, count in sorted(verdicts.items()))
        yield (
            f"| {100 * difference:.0f} | {discordant:.0%} | {n:,} | {median(asked):,.0f} | "
            f"{np.mean(asked):,.0f} | {shares} |"
        )


def time_of_a_look(n: int = 10_000) -> Iterator[str]:
    """How long a pair and its look take after many others, in time of the processor."""
    differences_seen = np.random.default_rng(0).random(n) - 0.5
    bets = PairedBets(_MARGIN)
    bets.add(differences_seen, differences_seen)
    started = time.process_time()
    for place in range(1_000):
        one = differences_seen[place : place + 1]
        bets.preview(one, one)
        bets.add(one, one)
    yield f"a look after {n:,} pairs, graded: {time.process_time() - started:.3f} ms"


def main() -> None:
    """Print the figures of ``docs/benchmarks.md``."""
    for line in questions_asked(1_000, 2026):
        print(line, flush=True)
    for row in rows(4_000, 2026):
        kept = "met" if row.kept else "**missed**"
        print(
            f"| {row.case} | ≤ {row.high:.0%} | {row.measured:.1%} ± {row.error:.1%} | {kept} |", flush=True
        )
    for line in time_of_a_look():
        print(line, flush=True)


if __name__ == "__main__":
    main()

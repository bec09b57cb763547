"""If the statistics keep their promises, by simulation: ``python -m benchmarks.statistics``.

False differences in families where nothing differs, how often an interval holds the truth, the
power that a planned number of items reaches, and what the product says and decides of all this
(``benchmarks.decisions``). One core, half an hour; ``docs/benchmarks.md`` keeps the figures, and the
tests run it with fewer rounds.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.services.evaluation.statistics.intervals import bca_mean
from app.services.evaluation.statistics.multiple import holm
from app.services.evaluation.statistics.paired import paired_difference
from app.services.evaluation.statistics.power import sample_size_mcnemar, sample_size_mean
from app.services.evaluation.statistics.proportions import McNemar, mcnemar
from app.services.evaluation.statistics.resampling import paired_units, resampled_means
from benchmarks.decisions import decisions
from benchmarks.equivalence import equivalences
from benchmarks.labels import corrections
from benchmarks.repeats import repeats
from benchmarks.rows import Row

Floats = NDArray[np.float64]
Rng = np.random.Generator
Draw = Callable[[Rng], tuple[Floats, Floats, NDArray[np.int64] | None]]
"""One experiment with two sides: scores of the first, of the second, and clusters if there are any."""

EXPERIMENTS = 5
DRAWS = 999


@cache
def table_of(b: int, c: int) -> McNemar:
    """Return McNemar's test; the same counts come again and again."""
    return mcnemar(b, c)


def false_differences(rounds: int, seed: int, n: int = 100) -> Iterator[Row]:
    """Five experiments of equal quality: how often Holm finds any difference among the ten pairs."""
    rng = np.random.default_rng(seed)
    families: dict[str, list[Floats]] = {"binary score": [], "F1": []}
    mid: list[Floats] = []
    pairs = [(i, j) for i in range(EXPERIMENTS) for j in range(i)]
    for each in range(rounds):
        difficulty = rng.beta(2, 2, n)
        right = rng.random((EXPERIMENTS, n)) < difficulty
        partial = np.where(
            rng.random((EXPERIMENTS, n)) < 0.3, rng.choice([0.4, 0.5, 0.8], (EXPERIMENTS, n)), right
        )
        tables = [
            table_of(int(np.sum(right[i] & ~right[j])), int(np.sum(right[j] & ~right[i]))) for i, j in pairs
        ]
        families["binary score"].append(np.array([table.p for table in tables]))
        mid.append(np.array([table.mid_p for table in tables]))
        # A seed each: the draws' own error is to differ from family to family, as it does in use.
        p_values = [paired_difference(partial[i], partial[j], seed=each, resamples=DRAWS).p for i, j in pairs]
        families["F1"].append(np.array(p_values))
    for name, family in families.items():
        found = float(np.mean([holm(p_values).min() < 0.05 for p_values in family]))
        raw = float(np.mean([p_values.min() < 0.05 for p_values in family]))
        note = f"{raw:.1%} without Holm"
        if name == "binary score":
            note += f", {np.mean([holm(p_values).min() < 0.05 for p_values in mid]):.1%} with mid-p"
        yield Row(
            f"any false difference among {EXPERIMENTS} experiments of equal quality, {name}, {n} items",
            found,
            0,
            0.05,
            rounds,
            note,
        )


def right_or_wrong(n: int, discordant: float, difference: float) -> Draw:
    """So many items, of which a share is right on one side alone."""
    chances = [(discordant - difference) / 2, (discordant + difference) / 2, 1 - discordant]

    def draw(rng: Rng) -> tuple[Floats, Floats, None]:
        b, c, _ = rng.multinomial(n, chances)
        first, second = np.zeros(n), np.zeros(n)
        first[:b], second[b : b + c] = 1, 1
        return first, second, None

    return draw


def partial_scores(n: int, better: float = 0.15, worse: float = 0.07) -> Draw:
    """F1 scores of which most stay, some gain and some lose; many gains are cut off at 1."""

    def draw(rng: Rng) -> tuple[Floats, Floats, None]:
        first = rng.choice([0.0, 0.4, 0.5, 2 / 3, 0.8, 1.0], n, p=[0.3, 0.05, 0.05, 0.05, 0.1, 0.45])
        luck, step = rng.random(n), rng.choice([1 / 3, 0.5, 1.0], n)
        moved = np.where(luck < better, first + step, np.where(luck < better + worse, first - step, first))
        return first, np.clip(moved, 0, 1), None

    return draw


def clustered_scores(groups: int) -> Draw:
    """Documents with one to five questions each, which have half their differences in common."""

    def draw(rng: Rng) -> tuple[Floats, Floats, NDArray[np.int64]]:
        labels = np.repeat(np.arange(groups), rng.integers(1, 6, groups))
        common = rng.normal(0, 0.3, groups)[labels]
        change = 0.05 + common + rng.normal(0, 0.3, labels.size)
        return np.zeros(labels.size), change, labels

    return draw


def truth(draw: Draw, draws: int = 4_000) -> float:
    """Return the true mean difference, from very many items."""
    rng = np.random.default_rng(99)
    total, items = 0.0, 0
    for _ in range(draws):
        first, second, _clusters = draw(rng)
        total, items = total + float((second - first).sum()), items + first.size
    return total / items


def coverage(rounds: int, seed: int) -> Iterator[Row]:
    """How often a 95 % interval holds the truth, beside percentile and BCa bootstraps."""
    cases: list[tuple[str, Draw, float]] = [
        (f"binary score, {n} items, {discordant:.0%} discordant", right_or_wrong(n, discordant, 0.05), 0.05)
        for n, discordant in ((30, 0.1), (50, 0.2), (200, 0.1), (500, 0.2))
    ]
    for n in (20, 50, 150, 500):
        cases.append((f"F1, {n} items", partial_scores(n), truth(partial_scores(n))))
    for groups in (15, 40):
        cases.append((f"{groups} documents of 1 to 5 questions", clustered_scores(groups), 0.05))
    for name, draw, true in cases:
        yield _coverage_row(name, draw, true, rounds, np.random.default_rng(seed))


def _coverage_row(name: str, draw: Draw, true: float, rounds: int, rng: Rng) -> Row:
    held = np.zeros(3)
    width = 0.0
    for seed in range(rounds):
        first, second, clusters = draw(rng)
        found = paired_difference(first, second, clusters, seed=seed, resamples=DRAWS)
        width += (found.high - found.low) / rounds
        units = paired_units(second - first, clusters)
        means = units.sign * resampled_means(units, rng, DRAWS)
        low, high = np.quantile(means, [0.025, 0.975])
        held += [found.low <= true <= found.high, low <= true <= high, False]
        if clusters is None:
            bca = bca_mean((second - first).tolist(), seed, resamples=DRAWS)
            held[2] += bca.low <= true <= bca.high
    ours, percentile, bca_share = held / rounds
    others = f"percentile {percentile:.1%}" + (f", BCa {bca_share:.1%}" if bca_share else "")
    return Row(f"coverage, {name}", ours, 0.93, 0.97, rounds, f"{others}; mean width {width:.3f}")


def planned_power(rounds: int, seed: int) -> Iterator[Row]:
    """How often the number of items that was planned for a power of .8 shows the difference."""
    rng = np.random.default_rng(seed)
    for discordant, difference in ((0.2, 0.03), (0.2, 0.05), (0.3, 0.05), (0.1, 0.03)):
        n = sample_size_mcnemar(discordant, difference)
        chances = [(discordant - difference) / 2, (discordant + difference) / 2, 1 - discordant]
        tables = [table_of(int(b), int(c)) for b, c, _ in rng.multinomial(n, chances, size=rounds * 2)]
        points = f"{100 * difference:.0f} points at {discordant:.0%} discordant"
        mid_p = np.mean([table.mid_p < 0.05 for table in tables])
        found = float(np.mean([table.p < 0.05 for table in tables]))
        case = f"power, binary score, {n} items for {points}"
        yield Row(case, found, 0.77, 0.83, len(tables), f"{mid_p:.1%} with mid-p")
    for times in (1, 4):
        n = sample_size_mean(0.1, 1 / 9, (1 / 6, 1 / 6), (times, times))
        hits = 0
        for each in range(rounds):
            apart = rng.normal(0.1, 1 / 3, n)
            noise = rng.normal(0, (1 / 6) ** 0.5, (2, times, n)).mean(axis=1)
            hits += paired_difference(noise[0], apart + noise[1], seed=each, resamples=DRAWS).p < 0.05
        yield Row(f"power, scores, {n} items asked {times}× for 10 points", hits / rounds, 0.77, 0.83, rounds)


def speed() -> Iterator[str]:
    """How long 10,000 items with 9,999 resamples take, the best of five."""
    rng = np.random.default_rng(0)
    first = rng.random(10_000)
    for name, second, clusters in (
        ("all distinct", first + rng.normal(0.01, 0.2, first.size), None),
        (
            "in clusters of 1 to 5",
            first + rng.normal(0.01, 0.2, first.size),
            rng.integers(0, 3_500, first.size),
        ),
        ("binary score", (rng.random(first.size) < 0.6).astype(float), None),
    ):
        one = first if name != "binary score" else (first < 0.6).astype(float)
        times = []
        for _ in range(5):
            started = time.perf_counter()
            paired_difference(one, second, clusters, seed=0)
            times.append(time.perf_counter() - started)
        yield f"10,000 items, {name}: {min(times):.3f} s"


def rows(rounds: int, seed: int = 2026) -> Iterator[Row]:
    """Run everything with so many rounds a case."""
    yield from false_differences(rounds, seed)
    yield from coverage(rounds, seed)
    yield from planned_power(rounds, seed)
    yield from decisions(rounds, seed)
    yield from equivalences(rounds // 2, seed)
    yield from corrections(rounds, seed)
    yield from repeats(rounds, seed)


def main() -> None:
    """Print the table of ``docs/benchmarks.md``."""
    print("| case | goal | measured | | beside it |\n| --- | --- | --- | --- | --- |")
    for row in rows(2_000):
        goal = f"{row.low:.0%}–{row.high:.0%}" if row.low else f"≤ {row.high:.0%}"
        kept = "met" if row.kept else "**missed**"
        print(
            f"| {row.case} | {goal} | {row.measured:.1%} ± {row.error:.1%} | {kept} | {row.note} |",
            flush=True,
        )
    for line in speed():
        print(line)


if __name__ == "__main__":
    main()

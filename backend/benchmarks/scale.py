"""Constants of growth of what is computed in memory: ``python -m benchmarks.scale 100000``.

For ``docs/explanation/scale.md``: bytes and seconds of a sample's positions, of the result of an experiment,
and of a comparison, each in a process of its own.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.domain.metrics import RunContext, RunFacts
from app.services.evaluation.metrics.compute import compute_metrics
from app.services.evaluation.statistics.paired import paired_difference
from tests.factories import facts

_KB = 1_000  # what getrusage counts in on Linux, nearly


@dataclass(frozen=True, slots=True)
class Cost:
    """What one computation took."""

    what: str
    seconds: float
    megabytes: float


def positions(size: int) -> object:
    """Hold the positions of a sample."""
    return list(range(1_000_000, 1_000_000 + size))


def runs_in_memory(size: int) -> list[RunFacts]:
    """Hold what the result of an experiment is computed from."""
    draw = np.random.default_rng(1)
    right, late = draw.random(size) > 0.3, draw.exponential(300.0, size)
    return [
        facts(
            scores={"exact_match": float(right[i]), "f1": float(right[i])},
            latency_ms=float(late[i]),
            prompt_tokens=40 + i % 60,
            completion_tokens=5 + i % 30,
            question=f"{i:064x}",
        )
        for i in range(size)
    ]


def result(size: int) -> object:
    """Compute the result of an experiment."""
    return compute_metrics(runs_in_memory(size), RunContext(size, 60.0, None, 0))


def comparison(size: int) -> object:
    """Compare two experiments by an amount, of which no two runs have the same."""
    draw = np.random.default_rng(1)
    return paired_difference(draw.random(size), draw.random(size), seed=0)


def _measure(action: Callable[[int], object], size: int) -> Cost:
    before, started = _peak(), time.process_time()
    kept = action(size)
    took = time.process_time() - started
    del kept
    return Cost(action.__name__.replace("_", " "), took, _peak() - before)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KB


def main() -> None:
    """Measure each, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("size", type=int, nargs="?", default=100_000)
    size = parser.parse_args().size
    print(f"  {size:,} of each      {'CPU s':>10} {'MB':>8} {'bytes each':>11}")
    for action in (positions, runs_in_memory, result, comparison):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            cost = pool.apply(_measure, (action, size))
        each = cost.megabytes * 1e6 / size
        print(f"  {cost.what:20} {cost.seconds:10.2f} {cost.megabytes:8.0f} {each:11.0f}")


if __name__ == "__main__":
    main()

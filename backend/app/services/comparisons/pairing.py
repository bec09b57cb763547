"""One experiment as arrays, and two experiments paired on the same questions: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Key = tuple[str, int]

QUANTITIES = ("latency_ms", "tokens", "cost_usd")
"""What is measured of a run besides its scores; less is better."""


@dataclass(frozen=True, slots=True)
class RunArrays:
    """The runs of an experiment, in the order of its questions.

    Attributes:
        hashes: of each run's example, with its accepted answers.
        repeats: index of the repeat.
        keys: names of the examples in their file.
        clusters: name of the cluster that the example belongs to (its document, say); None if it is
            independent of all others.
        failed: whether the run failed.
        values: scores and quantities by name, shape ``(runs,)``, NaN where there is none.
    """

    hashes: Sequence[str]
    repeats: Sequence[int]
    keys: Sequence[str]
    clusters: Sequence[str | None]
    failed: Sequence[bool]
    values: dict[str, Floats]

    def positions(self) -> dict[Key, int]:
        """Return where each (content, repeat) is; of two examples with the same content, the first."""
        found: dict[Key, int] = {}
        for position, key in enumerate(zip(self.hashes, self.repeats, strict=True)):
            found.setdefault(key, position)
        return found


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which runs of two experiments answer the same question.

    Attributes:
        first: positions in the first, shape ``(pairs,)``.
        second: positions in the second.
        clusters: a label for each pair, where some belong together (questions on one document, repeats
            of one question); None if all pairs are independent.
        changed: examples with the same key whose question or accepted answers differ.
        only_first: other examples that only the first has.
        only_second: other examples that only the second has.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    clusters: NDArray[np.intp] | None
    changed: list[str]
    only_first: list[str]
    only_second: list[str]


def pair(first: RunArrays, second: RunArrays) -> Pairing:
    """Pair the runs of two experiments by content and repeat; name what cannot be paired."""
    in_first, in_second = first.positions(), second.positions()
    shared = [key for key in in_first if key in in_second]
    left = _names(first, [in_first[key] for key in in_first if key not in in_second])
    right = _names(second, [in_second[key] for key in in_second if key not in in_first])
    also_right = set(right)
    changed = [name for name in left if name in also_right]
    index = np.array([in_first[key] for key in shared], dtype=np.intp)
    return Pairing(
        first=index,
        second=np.array([in_second[key] for key in shared], dtype=np.intp),
        clusters=_clusters(first, index),
        changed=changed,
        only_first=[name for name in left if name not in also_right],
        only_second=[name for name in right if name not in set(changed)],
    )


def _names(runs: RunArrays, positions: Sequence[int]) -> list[str]:
    return list(dict.fromkeys(runs.keys[position] for position in positions))


def _clusters(runs: RunArrays, index: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Return a number for each pair's cluster, or None if no two pairs share one."""
    numbers: dict[str, int] = {}
    labels = [
        numbers.setdefault(runs.clusters[position] or f"hash {runs.hashes[position]}", len(numbers))
        for position in index
    ]
    return None if len(numbers) == len(labels) else np.array(labels, dtype=np.intp)

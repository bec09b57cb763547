"""One experiment as arrays, and two of them paired on the same questions: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Key = tuple[str, int]

QUANTITIES = ("latency_ms", "tokens", "cost_usd")
"""What is measured of a run besides its scores; of each, less is better."""


@dataclass(frozen=True, slots=True)
class RunArrays:
    """The runs of an experiment, in the order of its questions.

    Attributes:
        hashes: of each run's example, with its accepted answers.
        repeats: index of the repeat.
        keys: names of the examples in their file.
        clusters: what the example belongs to (a document, say); None if it stands alone.
        failed: whether the call failed for good.
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
        clusters: a label a pair, where pairs belong together (questions on one document, repeats of
            one question); None where each stands alone.
        changed: examples of the same name whose question or accepted answers are not the same.
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
    mine, theirs = first.positions(), second.positions()
    shared = [key for key in mine if key in theirs]
    left = _names(first, [mine[key] for key in mine if key not in theirs])
    right = _names(second, [theirs[key] for key in theirs if key not in mine])
    known = set(second.keys)
    changed = [name for name in left if name in known and name in right]
    index = np.array([mine[key] for key in shared], dtype=np.intp)
    return Pairing(
        first=index,
        second=np.array([theirs[key] for key in shared], dtype=np.intp),
        clusters=_clusters(first, index),
        changed=changed,
        only_first=[name for name in left if name not in changed],
        only_second=[name for name in right if name not in changed],
    )


def _names(arm: RunArrays, positions: Sequence[int]) -> list[str]:
    return list(dict.fromkeys(arm.keys[position] for position in positions))


def _clusters(arm: RunArrays, index: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Return a number for each pair's cluster, or None if every pair is one of its own."""
    numbers: dict[str, int] = {}
    labels = [
        numbers.setdefault(arm.clusters[position] or f"hash {arm.hashes[position]}", len(numbers))
        for position in index
    ]
    return None if len(numbers) == len(labels) else np.array(labels, dtype=np.intp)

"""One experiment as arrays, and two experiments paired on the same questions: pure functions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Key = tuple[str, int, int]
"""Content hash of an example, index of the repeat, and which of the examples with that content it is."""

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
        outputs: a hash of each run's raw output, equal for equal outputs; None for a failed run. Empty if
            they were not read.
        answers: what the answer reader took from each output; None if nothing, or for a failed run.
    """

    hashes: Sequence[str]
    repeats: Sequence[int]
    keys: Sequence[str]
    clusters: Sequence[str | None]
    failed: Sequence[bool]
    values: dict[str, Floats]
    outputs: Sequence[int | None] = ()
    answers: Sequence[str | None] = ()

    def positions(self) -> dict[Key, int]:
        """Return where each (content, repeat, copy) is; copies of one content are numbered in their order."""
        found: dict[Key, int] = {}
        copies: Counter[tuple[str, int]] = Counter()
        for position, key in enumerate(zip(self.hashes, self.repeats, strict=True)):
            found[(*key, copies[key])] = position
            copies[key] += 1
        return found

    def copies(self) -> list[str]:
        """Return the keys of examples whose content another one before them has."""
        places = [position for (_, _, copy), position in self.positions().items() if copy]
        return _names(self, sorted(places))


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
        more_first: examples that both have, of which the first has more runs, and how many more.
        more_second: the same of the second.
        questions: a label for each pair, the same for those of one question (content); None if each pair
            is of another one.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    clusters: NDArray[np.intp] | None
    changed: list[str]
    only_first: list[str]
    only_second: list[str]
    more_first: dict[str, int] = field(default_factory=dict)
    more_second: dict[str, int] = field(default_factory=dict)
    questions: NDArray[np.intp] | None = None

    def count_questions(self, kept: NDArray[np.bool_]) -> int:
        """Return how many questions the pairs are of for which ``kept`` is true, shape ``(pairs,)``."""
        return int(kept.sum() if self.questions is None else np.unique(self.questions[kept]).size)

    def only(self, kept: NDArray[np.bool_]) -> "Pairing":
        """Return the pairs for which ``kept`` is true, shape ``(pairs,)``; nothing is said of others."""
        clusters = None if self.clusters is None else self.clusters[kept]
        questions = None if self.questions is None else self.questions[kept]
        return Pairing(self.first[kept], self.second[kept], clusters, [], [], [], questions=questions)


def pair(first: RunArrays, second: RunArrays) -> Pairing:
    """Pair the runs of two experiments by content and repeat; name what cannot be paired."""
    in_first, in_second = first.positions(), second.positions()
    shared = [key for key in in_first if key in in_second]
    left, more_left = _alone(first, in_first, in_second)
    right, more_right = _alone(second, in_second, in_first)
    also_right = set(right)
    changed = [name for name in left if name in also_right]
    index = np.array([in_first[key] for key in shared], dtype=np.intp)
    return Pairing(
        first=index,
        second=np.array([in_second[key] for key in shared], dtype=np.intp),
        clusters=_clusters(first, index),
        questions=_questions(shared),
        changed=changed,
        only_first=[name for name in left if name not in also_right],
        only_second=[name for name in right if name not in set(changed)],
        more_first=more_left,
        more_second=more_right,
    )


def _alone(runs: RunArrays, own: dict[Key, int], other: dict[Key, int]) -> tuple[list[str], dict[str, int]]:
    """Return the examples that the other side lacks, and those of which it has fewer runs, with how many."""
    contents = {content for content, _, _ in other}
    unpaired = [(key[0] in contents, position) for key, position in own.items() if key not in other]
    lacking = _names(runs, [position for known, position in unpaired if not known])
    return lacking, dict(Counter(runs.keys[position] for known, position in unpaired if known))


def _names(runs: RunArrays, positions: Sequence[int]) -> list[str]:
    return list(dict.fromkeys(runs.keys[position] for position in positions))


def _questions(shared: Sequence[Key]) -> NDArray[np.intp] | None:
    """Return a number for each pair's question, or None if no two pairs share one."""
    numbers: dict[str, int] = {}
    labels = [numbers.setdefault(content, len(numbers)) for content, _, _ in shared]
    return None if len(numbers) == len(labels) else np.array(labels, dtype=np.intp)


def _clusters(runs: RunArrays, index: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Return a number for each pair's cluster, or None if no two pairs share one."""
    numbers: dict[str, int] = {}
    labels = [
        numbers.setdefault(runs.clusters[position] or f"hash {runs.hashes[position]}", len(numbers))
        for position in index
    ]
    return None if len(numbers) == len(labels) else np.array(labels, dtype=np.intp)

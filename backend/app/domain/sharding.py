"""How the questions of an experiment are divided among the executors that work on it.

A shard is a slice of them, in the order of the sample. Executors claim shards as they go, several at once
while many are left and one at a time towards the end: each claim takes a share of what is free, so that
all are done at about the same time, and few claims are made (factoring; S. F. Hummel, E. Schonberg,
L. E. Flynn, Communications of the ACM 35(8), 1992).
"""

from dataclasses import dataclass

_SHARDS = 128  # of an experiment of moderate size: enough for many executors to end together
_LEAST, _MOST = 8, 256  # samples of a shard; no more, so that the last ones take about equally long
_MOST_SHARDS = 1024  # of one experiment, however large: their counts are summed at each heartbeat
CLAIMED_AT_ONCE = 512
"""Samples that an executor claims at once, at most."""
_USEFUL_CALLS = 8  # in flight, below which a further executor brings nothing


@dataclass(frozen=True, slots=True)
class ShardSlice:
    """The questions ``start`` to ``stop`` (exclusive) of the sample."""

    number: int
    start: int
    stop: int


def shard_size(questions: int, repeats: int) -> int:
    """Return how many questions each shard has, the last one aside."""
    samples = questions * repeats
    size = min(max(samples // _SHARDS, _LEAST), _MOST)
    return max(1, size // repeats, -(-questions // _MOST_SHARDS))


def claim_count(
    free: int, executors: int, samples: int, *, alone: bool, at_once: int = CLAIMED_AT_ONCE
) -> int:
    """Return how many shards to claim at once.

    Args:
        free: shards that nobody has claimed.
        executors: at work, at least 1.
        samples: of each shard.
        alone: whether no other executor can join.
        at_once: samples to claim, at most.
    """
    most = max(1, at_once // samples)
    return most if alone else max(1, min(most, free // (2 * executors)))


def useful_executors(concurrency: int, questions: int, repeats: int, *, calls: int = _USEFUL_CALLS) -> int:
    """Return how many executors can be of use, each with a shard, and with ``calls`` in flight."""
    shards = -(-questions // shard_size(questions, repeats))
    return max(1, min(concurrency // calls, shards))

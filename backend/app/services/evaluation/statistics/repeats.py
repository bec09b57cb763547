"""Repeats as a level: how much of what is seen comes from the questions, and how much from asking again.

Repeats of a question are answers of one model to one prompt; only chance tells them apart. All intervals come
from the spread between questions (or the clusters that they belong to), never from the number of answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from app.domain.metrics import Estimate
from app.services.evaluation.statistics.likelihood import t_quantile
from app.services.evaluation.statistics.means import bounded_mean, share

Floats = NDArray[np.float64]

_LEVEL = 0.95
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class VarianceShares:
    """The variance of scores by where it comes from.

    Attributes:
        total: of one score of a question drawn at random, in squared units of the score.
        between: the share between questions, with its interval; the share within is 1 less it.
    """

    total: float
    between: Estimate


@dataclass(frozen=True, slots=True)
class Passes:
    """How often k answers to a question would do.

    Attributes:
        k: answers to a question.
        any_right: pass@k, the probability that one or more are right, in the mean over questions.
        all_right: pass^k, the probability that all are.
        questions: with k scored answers or more; the others say nothing.
    """

    k: int
    any_right: Estimate
    all_right: Estimate
    questions: int


def any_of_k(n: int, right: int, k: int) -> float:
    """Return pass@k of a question: 1 − C(n − c, k)/C(n, k), which is unbiased. Source: Chen et al. 2021.

    Args:
        n: scored answers, ``k`` or more.
        right: right ones among them, c.
        k: answers that are drawn.

    Raises:
        ValueError: if there are fewer answers than ``k``, or more right ones than answers.
    """
    return 1 - all_of_k(n, n - right, k)


def all_of_k(n: int, right: int, k: int) -> float:
    """Return pass^k of a question: C(c, k)/C(n, k), which is unbiased. Source: Yao et al. 2024 (τ-bench).

    The arguments are those of ``any_of_k``.
    """
    if not 0 < k <= n or not 0 <= right <= n:
        raise ValueError(f"no {k} of {n} answers with {right} right")
    return comb(right, k) / comb(n, k)


def counts_of_k(most: int) -> list[int]:
    """Return the k that are shown for so many repeats: 1, 2, 4, 8, …, and all of them."""
    shown = [2**power for power in range(most.bit_length()) if 2**power < most]
    return [*shown, most] if most else []


def passes(
    right: Sequence[int], answers: Sequence[int], clusters: Sequence[str], ks: Sequence[int], seed: int
) -> list[Passes]:
    """Return pass@k and pass^k with intervals by questions as units, or by their clusters.

    Args:
        right: right answers of each question.
        answers: scored answers of each question.
        clusters: a label of each question, equal for those that belong together.
        ks: each gets a line, unless no question has so many answers.
        seed: of the bootstrap.
    """
    found = []
    for k in ks:
        kept = [place for place, n in enumerate(answers) if n >= k]
        if not kept:
            continue
        units = [clusters[place] for place in kept]
        some = [any_of_k(answers[place], right[place], k) for place in kept]
        every = [all_of_k(answers[place], right[place], k) for place in kept]
        found.append(Passes(k, bounded_mean(some, units, seed), bounded_mean(every, units, seed), len(kept)))
    return found


def disagreement(counts: Sequence[int]) -> float:
    """Return the probability that two of a question's answers differ: 1 − Σ m·(m − 1)/(n·(n − 1)).

    Args:
        counts: how often each distinct answer was given; 2 answers or more together.

    Raises:
        ValueError: for fewer than two answers.
    """
    n = sum(counts)
    if n < 2:
        raise ValueError("one answer cannot differ from itself")
    return 1 - sum(m * (m - 1) for m in counts) / (n * (n - 1))


def flicker(distinct: Sequence[int], clusters: Sequence[str]) -> Estimate | None:
    """Return the share of questions whose repeats do not all agree; ``None`` without questions.

    Args:
        distinct: of each question with two answers or more, how many different ones there are.
        clusters: a label of each question, equal for those that belong together.
    """
    return share([float(number > 1) for number in distinct], clusters) if distinct else None


def variance_shares(
    scores: Sequence[Sequence[float]], clusters: Sequence[str], greatest: float = 1.0
) -> VarianceShares | None:
    """Return which share of the variance of scores in [0, ``greatest``] lies between questions.

    By the one-way analysis of variance for unequal numbers of repeats: within, W = MSW; between,
    B = (MSB − MSW)/n₀, not below 0; the share is B/(B + W). Source: Searle, Casella and McCulloch 1992,
    sect. 3.6. The interval is the jackknife's over questions (or clusters), with t; where few questions
    vary, so that the jackknife sees little, it contains what the interval of W alone allows.

    Args:
        scores: of the repeats of each question.
        clusters: a label of each question, equal for those that belong together.
        greatest: the greatest score; the least is 0.

    Returns:
        ``None`` where there is nothing to divide: no question has two scores, or all scores are equal.
    """
    answered = [(one, label) for one, label in zip(scores, clusters, strict=True) if len(one)]
    if len(answered) < 2 or all(len(one) == 1 for one, _ in answered):
        return None
    kept = [label for _, label in answered]
    parts = np.array([_sums(one) for one, _ in answered])
    found = _components(parts.sum(axis=0))
    if found is None or found[0] + found[1] <= _TINY:
        return None
    within, between = found
    low, high = _jackknife(parts, kept, between / (between + within))
    at_least, at_most = _by_within(answered, between + within, greatest)
    value = between / (between + within)
    estimate = Estimate(
        value,
        max(0.0, min(low, at_least, value)),
        min(1.0, max(high, at_most, value)),
        len(kept),
        "jackknife",
    )
    return VarianceShares(between + within, estimate)


def _sums(scores: Sequence[float]) -> tuple[float, ...]:
    """Return what a question adds to the sums: n, S, the sum of squares, S²/n, n², and that it is one."""
    n, total = len(scores), sum(scores)
    return n, total, float(np.square(scores).sum()), total**2 / n, n**2, 1.0


def _components(sums: Floats) -> tuple[float, float] | None:
    """Return the variances within and between from the sums of questions; ``None`` without freedom."""
    n, total, squares, own, sizes, groups = sums.tolist()
    if groups < 2 or n - groups < 1:
        return None
    within = max(0.0, (squares - own) / (n - groups))
    per_group = (n - sizes / n) / (groups - 1)
    between = ((own - total**2 / n) / (groups - 1) - within) / per_group
    return within, max(0.0, between)


def _jackknife(parts: Floats, clusters: Sequence[str], value: float) -> tuple[float, float]:
    """Return the bounds of the share by leaving out one cluster at a time."""
    names, places = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.zeros((names.size, parts.shape[1]))
    np.add.at(sums, places, parts)
    left = [_components(parts.sum(axis=0) - one) for one in sums]
    shares = np.array([b / (b + w) if b + w > _TINY else 1.0 for w, b in (one or (0.0, 1.0) for one in left)])
    size = names.size
    if size < 2:
        return 0.0, 1.0
    error = float(np.sqrt((size - 1) / size * np.sum((shares - shares.mean()) ** 2)))
    half = t_quantile(size, _LEVEL) * error
    return value - half, value + half


def _by_within(
    answered: Sequence[tuple[Sequence[float], str]], total: float, greatest: float
) -> tuple[float, float]:
    """Return the bounds of the share that the interval of the variance within allows, by this total."""
    repeated = [(one, label) for one, label in answered if len(one) > 1]
    most = max(_largest(len(one), greatest) for one, _ in repeated)
    variances = [min(1.0, float(np.var(one, ddof=1)) / most) for one, _ in repeated]
    found = bounded_mean(variances, [label for _, label in repeated], seed=0)
    return 1 - found.high * most / total, 1 - found.low * most / total


def _largest(n: int, greatest: float) -> float:
    """Return the largest variance of n scores in [0, ``greatest``]: half at each end, but for one."""
    return greatest**2 * (n // 2) * (n - n // 2) / (n * (n - 1))

"""Rates that were measured several times, in rounds: their mean, and their ratio to a baseline's.

What moves the speed of a whole trial (the machine, the server, other work on both) moves it from round to
round, not from question to question: all questions of a trial share it. So rounds are the independent
units, and each has one number. The baseline is measured in each round as well, near in time, and the ratio
is taken within the round, so that what slows down both cancels out.

Rates are positive, and their spread grows with them: logarithms are averaged, with Student's t interval, and
the result is transformed back. Source: Bland and Altman 1996, "Transformations, means, and confidence
intervals", BMJ 312:1079; of rounds as units, Kalibera and Jones 2013, "Rigorous benchmarking in reasonable
time".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from app.services.evaluation.statistics.likelihood import t_quantile


@dataclass(frozen=True, slots=True)
class MeanRate:
    """A geometric mean over rounds, in the unit of the rates, or as a ratio.

    Attributes:
        low: lower bound of the interval; ``None`` if there is but one round.
        high: upper bound.
        rounds: how many were measured.
    """

    value: float
    low: float | None
    high: float | None
    rounds: int
    level: float

    @property
    def differs(self) -> bool:
        """Whether the interval excludes 1: of a ratio, whether there is a difference."""
        return self.low is not None and self.high is not None and (self.low > 1 or self.high < 1)


def mean_rate(rates: Sequence[float], level: float = 0.95) -> MeanRate:
    """Return the geometric mean of ``rates`` over rounds.

    Args:
        rates: of each round, above 0, shape ``(rounds,)``.
        level: of the interval.

    Raises:
        ValueError: if there is none, or one is not a positive number.
    """
    return _of_logs(_logs(rates), level)


def rate_ratio(rates: Sequence[float], baseline: Sequence[float], level: float = 0.95) -> MeanRate:
    """Return the ratio of ``rates`` to those of the baseline, paired by round.

    Args:
        rates: of each round, above 0, shape ``(rounds,)``.
        baseline: of the same rounds, in the same order.
        level: of the interval, which is that of this ratio alone.

    Raises:
        ValueError: if the rounds are not paired, there is none, or a rate is not a positive number.
    """
    if len(rates) != len(baseline):
        raise ValueError(f"no pairs of {len(rates)} and {len(baseline)} rounds")
    return _of_logs(_logs(rates) - _logs(baseline), level)


def _logs(rates: Sequence[float]) -> np.ndarray:
    values = np.asarray(rates, dtype=np.float64)
    if values.ndim != 1 or not values.size or not np.all(np.isfinite(values) & (values > 0)):
        raise ValueError("rates must be a list of positive numbers")
    return np.log(values)


def _of_logs(logs: np.ndarray, level: float) -> MeanRate:
    mean, rounds = float(logs.mean()), int(logs.size)
    if rounds < 2:
        return MeanRate(exp(mean), None, None, rounds, level)
    half = t_quantile(rounds, level) * float(logs.std(ddof=1)) / rounds**0.5
    return MeanRate(exp(mean), exp(mean - half), exp(mean + half), rounds, level)

"""Two shares on the same items: McNemar's test and the score interval of their difference."""

from dataclasses import dataclass
from statistics import NormalDist

FEWEST_DISCORDANT = 6
"""With fewer discordant pairs the exact p is .05 or more, even if they all favour one side."""


@dataclass(frozen=True, slots=True)
class McNemar:
    """McNemar's test on the discordant pairs: those that only one side got right.

    Attributes:
        only_first: b, pairs that only the first side got right.
        only_second: c, pairs that only the second side got right.
        p: exact, two-sided. It is the one reported, because its type I error never exceeds the level.
        mid_p: ``p`` less half the probability of the observed table: closer to the nominal level on
            average, but its type I error can exceed the level.
        too_few: with so few discordant pairs, no outcome could have had p < .05.
    """

    only_first: int
    only_second: int
    p: float
    mid_p: float
    too_few: bool

    @property
    def discordant(self) -> int:
        """Number of discordant pairs."""
        return self.only_first + self.only_second


def mcnemar(b: int, c: int) -> McNemar:
    """Return McNemar's exact and mid-p test for ``b`` and ``c`` discordant pairs.

    p = min(1, 2 Σ_{i≤min(b,c)} C(b+c, i)/2^{b+c}); mid-p = the same sum, not capped, less
    C(b+c, min)/2^{b+c}. Sources: McNemar 1947; Fagerland, Lydersen and Laake 2013.

    Raises:
        ValueError: if a count is negative.
    """
    if b < 0 or c < 0:
        raise ValueError(f"no counts: {b} and {c}")
    if b == c == 0:
        return McNemar(0, 0, 1.0, 1.0, too_few=True)
    # Imported here, because statsmodels and scipy take 150 MB that a worker process does not need.
    from scipy.stats import binom
    from statsmodels.stats.contingency_tables import mcnemar as exact_test

    n, least = b + c, min(b, c)
    p = 1.0 if b == c else float(exact_test([[0, b], [c, 0]], exact=True).pvalue)
    mid_p = 1.0 if b == c else p - float(binom.pmf(least, n, 0.5))
    return McNemar(b, c, p, mid_p, too_few=n < FEWEST_DISCORDANT)


def score_interval(b: int, c: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of the difference (c − b)/n of two shares on ``n`` paired items.

    It holds all differences that the score test (McNemar's asymptotic test, for a null difference other
    than 0) does not reject. Its coverage is good where a bootstrap's is not: with few discordant pairs,
    and with none. Source: Tango 1998.

    Raises:
        ValueError: if the counts are negative, or ``n`` is not positive or below b + c.
    """
    if min(b, c) < 0 or n <= 0 or b + c > n:
        raise ValueError(f"no pairs: {b} and {c} discordant of {n}")
    # Imported here, because scipy takes memory that a worker process does not need.
    from scipy.optimize import brentq

    z = NormalDist().inv_cdf(0.5 + level / 2)

    def upper(b: int, c: int) -> float:
        if c == n:
            return 1.0
        return float(brentq(lambda d: _excess(d, b, c, n) - z * z, (c - b) / n, 1.0, xtol=1e-14))

    return -upper(c, b), upper(b, c)


def _excess(difference: float, b: int, c: int, n: int) -> float:
    """Return the squared score statistic of ``difference``, at or above (c − b)/n."""
    distance = c - b - n * difference
    if distance == 0:
        return 0.0
    middle = -b - c + (2 * n - c + b) * difference
    last = -b * difference * (1 - difference)
    # The maximum likelihood estimate of the share that only the first side gets right, given the difference.
    only_first = ((max(middle**2 - 8 * n * last, 0.0)) ** 0.5 - middle) / (4 * n)
    variance = n * (2 * only_first + difference * (1 - difference))
    return distance**2 / variance if variance > 0 else float("inf")

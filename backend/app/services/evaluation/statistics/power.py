"""Power analysis: the items that a comparison needs, and the difference that a number of items can show.

All tests are two-sided. Differences of shares and of scores in [0, 1] are fractions, not points.
"""

import math
from statistics import NormalDist

_normal = NormalDist()


def sample_size_mcnemar(discordant: float, difference: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Return how many paired items McNemar's test needs.

    n = (z_{α/2}·√p_d + z_β·√(p_d − d²))² / d². Source: Miettinen 1968; Connor 1987. The
    formula is for the asymptotic test; the exact test is more conservative and has a little less power.

    Args:
        discordant: p_d, the share of items that only one side gets right, in (0, 1].
        difference: d, the difference of the two shares; its sign is ignored. It cannot be above p_d.
        alpha: the level of the two-sided test.
        power: the probability of detecting the difference.

    Raises:
        ValueError: if no such pair of shares exists, or ``alpha`` or ``power`` is no probability.
    """
    size = abs(difference)
    if not 0 < size <= discordant <= 1:
        raise ValueError(f"no difference of {difference} with {discordant} discordant")
    z_alpha, z_beta = _quantiles(alpha, power)
    root = z_alpha * math.sqrt(discordant) + z_beta * math.sqrt(discordant - size**2)
    return _whole((root / size) ** 2)


def detectable_effect_mcnemar(
    n: int, discordant: float, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Return the smallest difference of two shares that McNemar's test finds in ``n`` paired items.

    The inverse of ``sample_size_mcnemar``: the root d (the larger one from a power of .5 on) of
    (n + z_β²)·d² − 2·√n·z_{α/2}·√p_d·d + (z_{α/2}² − z_β²)·p_d = 0.

    Returns:
        A difference in (0, p_d], or None if even one side winning every discordant pair would not be
        detected.

    Raises:
        ValueError: if ``n`` is not positive or ``discordant`` is not in (0, 1].
    """
    if n <= 0 or not 0 < discordant <= 1:
        raise ValueError(f"no comparison of {n} items with {discordant} discordant")
    z_alpha, z_beta = _quantiles(alpha, power)
    middle = math.sqrt(n * discordant) * z_alpha
    inner = middle**2 - (n + z_beta**2) * (z_alpha**2 - z_beta**2) * discordant
    if inner < 0:
        return None
    effect = (middle + math.copysign(math.sqrt(inner), z_beta)) / (n + z_beta**2)
    return effect if effect <= discordant else None


def sample_size_mean(
    difference: float,
    omega2: float,
    variances: tuple[float, float] = (0.0, 0.0),
    repeats: tuple[int, int] = (1, 1),
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Return how many paired items a difference of mean scores needs.

    n = (z_{α/2} + z_β)²·(ω² + σ_A²/K_A + σ_B²/K_B) / δ². Source: Miller 2024 (arXiv:2411.00640).
    With the variance of observed per-item differences as ``omega2`` (which holds the noise
    within items already), leave ``variances`` at 0.

    Args:
        difference: δ, in the unit of the score; its sign is ignored.
        omega2: ω², the variance between items of the difference of expected scores.
        variances: σ_A² and σ_B², the mean variances of a score when the same item is asked again.
        repeats: K_A and K_B, how often each item is asked.
        alpha: the level of the two-sided test.
        power: the probability of detecting the difference.

    Raises:
        ValueError: if the difference is 0, a variance is negative, or a number of repeats is below 1.
    """
    if difference == 0:
        raise ValueError("no number of items shows a difference of 0")
    z_alpha, z_beta = _quantiles(alpha, power)
    variance = _variance(omega2, variances, repeats)
    return max(1, _whole(variance * ((z_alpha + z_beta) / difference) ** 2))


def detectable_effect_mean(
    n: int,
    omega2: float,
    variances: tuple[float, float] = (0.0, 0.0),
    repeats: tuple[int, int] = (1, 1),
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """Return the smallest difference of mean scores that ``n`` paired items show.

    The inverse of ``sample_size_mean``, whose arguments it shares: Miller 2024.

    Raises:
        ValueError: if ``n`` is not positive, a variance is negative, or repeats are below 1.
    """
    if n <= 0:
        raise ValueError(f"no comparison of {n} items")
    z_alpha, z_beta = _quantiles(alpha, power)
    return (z_alpha + z_beta) * math.sqrt(_variance(omega2, variances, repeats) / n)


def _variance(omega2: float, variances: tuple[float, float], repeats: tuple[int, int]) -> float:
    if omega2 < 0 or min(variances) < 0 or min(repeats) < 1:
        raise ValueError("variances are 0 or more, repeats 1 or more")
    return omega2 + variances[0] / repeats[0] + variances[1] / repeats[1]


def _quantiles(alpha: float, power: float) -> tuple[float, float]:
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"alpha {alpha} and power {power} must lie between 0 and 1")
    return _normal.inv_cdf(1 - alpha / 2), _normal.inv_cdf(power)


def _whole(n: float) -> int:
    """Return ``n`` rounded up, unless only rounding errors put it above a whole number."""
    return math.ceil(n - 1e-9 * n)

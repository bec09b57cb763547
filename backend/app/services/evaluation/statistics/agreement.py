"""Agreement of several ways to label the same items, beyond what chance gives."""

from collections.abc import Sequence

import krippendorff
import numpy as np
from numpy.typing import NDArray

from app.domain.metrics import Estimate
from app.services.evaluation.statistics.intervals import RESAMPLES

_LEVEL = 0.95
_ALPHA_RESAMPLES = 1_000
_LEAST_ALPHA_ITEMS = 2


def cohens_kappa(
    first: NDArray[np.bool_], second: NDArray[np.bool_], units: Sequence[str], *, seed: int = 0
) -> Estimate | None:
    """Return Cohen's kappa with the percentile interval of a bootstrap over units; ``None`` if undefined.

    κ = (p_o − p_e) / (1 − p_e), where p_o is the share of items with the same label, and p_e what chance
    gives with the shares of labels of both sides. It is undefined if both sides have one and the same label
    throughout. Source: Cohen 1960.

    Args:
        first: labels of one side, shape ``(n,)``.
        second: of the other side, on the same items.
        units: of each item; items of one unit (answers to one question) are drawn together.
        seed: of the bootstrap.
    """
    if first.size == 0:
        return None
    cells = np.stack([first & second, first & ~second, ~first & second, ~first & ~second], axis=1)
    _, index = np.unique(np.asarray(units), return_inverse=True)
    counts = np.zeros((int(index.max()) + 1, 4))
    np.add.at(counts, index, cells)
    value = float(_kappa(counts.sum(axis=0)))
    if np.isnan(value):
        return None
    size = counts.shape[0]
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=RESAMPLES)
    tail = (1 - _LEVEL) / 2
    low, high = np.nanquantile(_kappa(drawn @ counts), [tail, 1 - tail])
    return Estimate(value, min(value, float(low)), max(value, float(high)), first.size, "bootstrap", _LEVEL)


def _kappa(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return κ of counts of (both, only first, only second, neither), along the last axis."""
    both, only_first, only_second, neither = np.moveaxis(counts, -1, 0)
    n = counts.sum(axis=-1)
    observed = (both + neither) / n
    yes_first, yes_second = (both + only_first) / n, (both + only_second) / n
    chance = yes_first * yes_second + (1 - yes_first) * (1 - yes_second)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(chance < 1, (observed - chance) / (1 - chance), np.nan)


def krippendorffs_alpha(
    ratings: NDArray[np.float64], units: Sequence[str], *, seed: int = 0
) -> Estimate | None:
    """Return Krippendorff's alpha of nominal ratings with the percentile interval of a bootstrap over units.

    1 is agreement, 0 what chance gives. Items with fewer than two ratings say nothing of agreement and are
    left out. ``None`` if fewer than two items remain, or if all their ratings are one and the same.
    Source: Krippendorff 2004; computed by the library ``krippendorff``.

    Args:
        ratings: 0 or 1, NaN where a rater gave none; shape ``(raters, items)``.
        units: of each item; items of one unit are drawn together.
        seed: of the bootstrap.
    """
    counts = np.stack([(ratings == value).sum(axis=0) for value in (0.0, 1.0)], axis=1)
    paired = counts.sum(axis=1) > 1
    counts = counts[paired]
    if len(counts) < _LEAST_ALPHA_ITEMS or (counts.sum(axis=0) == 0).any():
        return None
    value = _alpha(counts)
    _, unit = np.unique(np.asarray(units)[paired], return_inverse=True)
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(_ALPHA_RESAMPLES):
        taken = np.bincount(generator.integers(unit.max() + 1, size=unit.max() + 1), minlength=unit.max() + 1)
        resample = np.repeat(counts, taken[unit], axis=0)
        if (resample.sum(axis=0) > 0).all():
            drawn.append(_alpha(resample))
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(drawn or [value], [tail, 1 - tail])
    return Estimate(value, min(value, float(low)), max(value, float(high)), len(counts), "bootstrap", _LEVEL)


def _alpha(counts: NDArray[np.int_]) -> float:
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))

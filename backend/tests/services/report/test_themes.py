"""Tests of the colours of figures: legible, and apart for every kind of colour vision."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from app.services.report.figures.themes import THEMES, ThemeName

# Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB.
_VISION = {
    "all colours": np.eye(3),
    "no red": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "no green": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "no blue": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}
_APART = 0.1
"""Distance in Oklab; about 0.02 is just seen where two colours touch."""


def _linear(colour: str) -> NDArray[np.float64]:
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _oklab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    cones = np.cbrt(
        np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
        @ np.clip(linear, 0, 1)
    )
    lab = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]) @ cones
    return np.asarray(lab)


def _contrast(first: str, second: str) -> float:
    bright, dark = sorted(float(np.array([0.2126, 0.7152, 0.0722]) @ _linear(c)) for c in (first, second))[
        ::-1
    ]
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("vision", _VISION)
@pytest.mark.parametrize("name", THEMES)
def test_series_and_verdicts_are_apart_for_every_vision(name: ThemeName, vision: str) -> None:
    theme = THEMES[name]
    for colours in (theme.series, (theme.better, theme.worse)):
        for first, second in combinations(colours, 2):
            seen = [_oklab(_VISION[vision] @ _linear(colour)) for colour in (first, second)]
            assert np.linalg.norm(seen[0] - seen[1]) >= _APART, (first, second)


@pytest.mark.parametrize("name", THEMES)
def test_marks_and_text_have_contrast(name: ThemeName) -> None:
    theme = THEMES[name]
    assert all(_contrast(one, theme.paper) >= 3 for one in (*theme.series, theme.better, theme.worse))
    assert all(_contrast(one, theme.paper) >= 4.5 for one in (theme.ink, theme.muted))

"""Tests of the rule by which shown numbers are rounded."""

from fractions import Fraction

import pytest

from app.domain.rounding import dollars, fixed, significant


@pytest.mark.parametrize(
    ("value", "text"),
    [(66.25, "66.3"), (-0.25, "-0.3"), (28.749999999999996, "28.8"), (0.04, "0.0"), (100.0, "100.0")],
)
def test_halves_go_away_from_zero(value: float, text: str) -> None:
    assert fixed(value) == text


@pytest.mark.parametrize("n", [80, 400, 919])
def test_shares_are_rounded_as_their_fractions_are(n: int) -> None:
    for right in range(n + 1):
        tenths = int(Fraction(1000 * right, n) + Fraction(1, 2))
        assert fixed(100 * (right / n)) == f"{tenths // 10}.{tenths % 10}"


def test_places_and_signs() -> None:
    assert (fixed(1.005, 2), fixed(2.5, 0), fixed(3.0, sign=True)) == ("1.01", "3", "+3.0")


def test_significant_digits() -> None:
    assert [significant(value) for value in (1.125, 0.0012345, 12345.0)] == [1.13, 0.00123, 12300.0]


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, "unknown"),
        (0, "$0"),
        (0.0000123, "$0.0000123"),
        (0.25, "$0.25"),
        (1.5, "$1.50"),
        (1234.5, "$1,235"),
    ],
)
def test_money(usd: float | None, text: str) -> None:
    assert dollars(usd) == text

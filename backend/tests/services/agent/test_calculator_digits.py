"""Where float64 would be seen: remainders of decimals, and whole numbers of many digits."""

import asyncio
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.agent.tools.calculator import Calculator


def value_of(text: str) -> str:
    return asyncio.run(Calculator().execute({"expression": text})).text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("430 ** 4 % 73.04", "4.96"),
        ("(415 + 9.64) % (981 % 7e-5)", "0"),
        ("(1 / 3) % (1 / 9)", "0"),
        ("-5.5 % 0.3", "0.2"),
        ("5.5 % (-0.3)", "-0.2"),
    ],
)
def test_remainder(text: str, value: str) -> None:
    assert value_of(text) == value


@given(st.integers(0, 10**9), st.integers(0, 4), st.integers(1, 10**6), st.integers(0, 4))
def test_of_any_decimals(a: int, a_places: int, b: int, b_places: int) -> None:
    left, right = Fraction(a, 10**a_places), Fraction(b, 10**b_places)
    text = f"{a / 10**a_places:.{a_places}f} % {b / 10**b_places:.{b_places}f}"
    assert float(value_of(text).partition(" ")[0]) == pytest.approx(float(left % right), rel=1e-11, abs=0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740993", "9007199254740993"),
        ("12345678901234567 * 3", "37037036703703701"),
        ("-(10 ** 20) + 1", "-99999999999999999999"),
        ("2 ** 10", "1024"),
        ("2 ** (-1)", "0.5"),
        ("12345678901234567 / 1", "1.23456789012e+16"),
    ],
)
def test_digits_of_whole_numbers(text: str, value: str) -> None:
    assert value_of(text) == value

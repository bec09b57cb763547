"""Numbers read whole or not at all, and compared by value."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.evaluation.normalise import normalise_gsm8k, normalised_answers
from app.services.evaluation.numbers import canonical, find_numbers, plain_latex, single_number
from tests.factories import properties

ONE_VALUE = [
    ("12", ["12", "12.0", "012", "+12", "$12", "12 €", "12%", "24/2", "\\frac{24}{2}", "Rs.12", "US$12"]),
    ("-3", ["-3", "−3", "–3", "-3.00", "-$3", "minus 3"]),
    ("0.5", ["0.5", ".5", "0.50", "1/2", "½", "0,5", "\\frac{1}{2}", "\\frac12", "5 × 10^-1", "5 × 10⁻¹"]),
    ("1234.5", ["1234.5", "1,234.50", "1.234,5", "1 234,5", "1\u202f234.5", "1'234.5", "1234½"]),
    ("100000", ["100000", "100,000", "1,00,000", "100 000", "1e5", "100k", "10^5", "100{,}000"]),
    ("1500000", ["1.5 million", "1.5M", "1.5e6", "1,500,000", "1.500.000", "15 lakh"]),
    ("1/3", ["1/3", "2/6", "\\frac{1}{3}"]),
    ("120.5", ["120 1/2", "120½", "120.5"]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "spellings"), ONE_VALUE, ids=[value for value, _ in ONE_VALUE])
def test_one_value_has_one_text(value: str, spellings: list[str]) -> None:
    assert {spelling: normalise_gsm8k(spelling) for spelling in spellings} == dict.fromkeys(spellings, value)


@pytest.mark.parametrize(
    "text", ["3:30", "1/2/2020", "1,2,3", "1.2.3", "12,3456", "9" * 100, "5h30", "4√", "1/0"]
)
def test_digits_that_are_no_single_number_have_no_value(text: str) -> None:
    assert [number.value for number in find_numbers(plain_latex(text))] == [None]


@pytest.mark.parametrize("text", ["", "none", "5 or 6", "5-6"])
def test_none_or_several(text: str) -> None:
    assert single_number(text) is None


def test_of_a_share_both_spellings_are_accepted() -> None:
    assert normalised_answers(("50%",), "gsm8k") == ("50", "0.5")


@properties
@given(st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_canonical_is_exact(digits: int, places: int) -> None:
    value = Fraction(digits, 10**places)
    assert Fraction(canonical(value)) == value
    assert normalise_gsm8k(canonical(value)) == canonical(value)


@properties
@given(st.text() | st.text("0123456789.,/:eE+-–−$% '^{}\\km½"))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for number in find_numbers(plain_latex(text)):
        assert number.start < number.end
    normalise_gsm8k(text)

"""Tests of the cells of a CSV: numbers stay numbers, formulas are text, and both can be told apart."""

import pytest

from app.services.results.export import defused


@pytest.mark.parametrize(
    "value", ["-4", "-1,234.50", "-12%", "-1e-5", "4", "a-b", None, -4, "'tis", "1=1", "+49 30"]
)
def test_stays_as_it_is(value: object) -> None:
    assert defused(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "=1+1",
        "-1+2",
        "@c",
        "+7",
        "-",
        "\t4",
        "\r=1",
        " =1",
        "\u200b=1",
        "\ufeff@a",
        "\uff1d1",
        "'=1",
        "-4\n=1",
    ],
)
def test_is_quoted_so_that_it_can_be_undone(value: str) -> None:
    assert defused(value) == f"'{value}"

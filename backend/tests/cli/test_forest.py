"""Tests of the forest plot in characters."""

import pytest

from app.cli.forest import ForestRow, forest_lines


def test_rows_share_a_scale_with_zero_on_it() -> None:
    rows = [ForestRow("examples", 0.16, 0.101, 0.244), ForestRow("no", -0.05, -0.1, 0.02)]
    assert forest_lines(rows) == [
        "examples            ┊         ├─────●───────┤        +16.0 [10.1, 24.4]",
        "no        ├────●────┼─┤                              −5.0 [−10.0, 2.0]",
        "          ┴─────────┴─────────┴─────────┴─────────┴  points",
        "         −10        0        10        20        30",
    ]


def test_a_label_cannot_act_on_the_terminal() -> None:
    assert "\x1b" not in "".join(forest_lines([ForestRow("\x1b[2J", 0.1, 0.0, 0.2)]))


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [
        (0.101, 0.244, "0 5 10 15 20 25"),
        (-0.004, 0.004, "−1 0 1"),
        (0.0, 0.0, "0 1"),
        (-1.0, 1.0, "−100 −50 0 50 100"),
        (-0.52, -0.11, "−60 −50 −40 −30 −20 −10 0"),
    ],
)
def test_the_scale_has_round_numbers_from_the_lowest_interval_to_the_highest(
    low: float, high: float, numbers: str
) -> None:
    lines = forest_lines([ForestRow("x", (low + high) / 2, low, high)])
    assert " ".join(lines[-1].split()) == numbers

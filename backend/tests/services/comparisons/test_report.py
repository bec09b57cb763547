"""Tests of the sentences and labels of a comparison."""

from dataclasses import replace

import numpy as np
import pytest

from app.services.comparisons.pairing import Pairing
from app.services.comparisons.report import labels, unpaired_message

NONE = np.array([], dtype=np.intp)


def pairing(changed: int = 0, only_first: int = 0, only_second: int = 0) -> Pairing:
    keys = [f"q{number}" for number in range(9)]
    return Pairing(NONE, NONE, None, keys[:changed], keys[:only_first], keys[:only_second])


class TestUnpaired:
    def test_all_are_paired(self) -> None:
        assert unpaired_message(("plain", "cot"), pairing()) == ""

    def test_each_kind_is_counted_and_named(self) -> None:
        assert unpaired_message(("plain", "cot"), pairing(changed=1, only_first=2, only_second=6)) == (
            "Not paired between plain and cot: 1 whose question or accepted answers differ (q0); "
            "6 only in cot (q0, q1, q2, q3, q4, …); 2 only in plain (q0, q1)."
        )

    def test_more_repeats_are_named_as_such(self) -> None:
        unequal = replace(pairing(), more_second={"q0": 2, "q1": 2})
        assert unpaired_message(("plain", "cot"), unequal) == (
            "Not paired between plain and cot: 4 more runs of 2 questions in cot (q0, q1)."
        )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Two ways: plain", "Two ways: cot"], ["plain", "cot"]),
        (["plain", "cot"], ["plain", "cot"]),
        (["a: b", "a: b"], ["b", "b"]),
        (["a: ", "a: b"], ["a: ", "a: b"]),
    ],
)
def test_labels(names: list[str], expected: list[str]) -> None:
    assert labels(names) == expected

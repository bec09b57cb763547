"""Tests of slices: which question is in which, and what is compared in each."""

import numpy as np
import pytest

from app.services.comparisons.compare import compare_experiments, compare_score
from app.services.comparisons.pairing import RunArrays, pair
from app.services.comparisons.slicing import compare_slices
from app.services.results.question_fields import Grouping, by_quantile, by_value, in_quantiles, why_not
from app.services.runs.slices_repository import MetadataField

SCORE = "exact_match"


def runs(values: list[float], hashes: list[str] | None = None) -> RunArrays:
    n = len(values)
    keys = [f"q{place}" for place in range(n)]
    return RunArrays(hashes or keys, [0] * n, keys, [None] * n, [False] * n, {SCORE: np.array(values)})


def halves(n: int) -> Grouping:
    return Grouping(("even", "odd"), {f"q{place}": place % 2 for place in range(n)})


class TestCompareSlices:
    def test_each_slice_is_the_comparison_of_its_questions_adjusted_for_all(self) -> None:
        first, second = runs([0.0] * 40), runs([1.0, 0.0] * 20)
        even, odd = compare_slices([first, second], halves(40), SCORE, 0.02, binary=True)
        assert (even.name, even.questions, odd.name, odd.questions) == ("even", 20, "odd", 20)
        (gained,), (same,) = even.against_baseline, odd.against_baseline
        alone = compare_score(
            [(runs([0.0] * 20), runs([1.0] * 20), pair(runs([0.0] * 20), runs([1.0] * 20)))], SCORE
        )[0]
        assert gained.paired is not None
        assert alone.paired is not None
        assert same.paired is not None
        assert (gained.paired.difference, gained.paired.p) == (1, alone.paired.p)
        assert gained.adjusted_p == pytest.approx(2 * alone.paired.p)
        assert (gained.family, same.family) == (2, 2)
        assert gained.equivalence is not None
        assert same.equivalence is not None
        assert (gained.equivalence.verdict, same.equivalence.verdict) == ("better", "cannot_tell")
        assert [one.value for one in even.estimates if one] == [0, 1]

    def test_of_all_questions_it_is_the_comparison(self) -> None:
        rng = np.random.default_rng(4)
        first, second = (runs((rng.random(60) < share).astype(float).tolist()) for share in (0.5, 0.6))
        everything = Grouping(("all",), dict.fromkeys(first.hashes, 0))
        (whole,) = compare_slices([first, second], everything, SCORE, 0.02, binary=True)
        expected = compare_experiments(first, [second], [SCORE], [])[0].scores[0]
        assert whole.against_baseline == [expected]

    def test_a_slice_without_pairs_is_shown_and_no_part_of_the_family(self) -> None:
        first, second = runs([1.0, 0.0] * 10), runs([0.0] * 10, [f"q{place}" for place in range(0, 20, 2)])
        even, odd = compare_slices([first, second], halves(20), SCORE, 0.02, binary=True)
        assert odd.against_baseline[0].paired is None
        assert (odd.questions, odd.estimates[1]) == (10, None)
        assert even.against_baseline[0].family == 1

    def test_questions_without_a_slice_are_left_out(self) -> None:
        first = runs([1.0] * 10)
        some = Grouping(("some",), dict.fromkeys(first.hashes[:4], 0))
        (one,) = compare_slices([first, first], some, SCORE, 0.02, binary=True)
        assert (one.questions, one.against_baseline[0].n_paired) == (4, 4)


class TestGroupings:
    def test_by_value_numbers_in_their_order_and_what_has_none_last(self) -> None:
        found = by_value({"a": "10", "b": "9", "c": None, "d": "x", "e": "9"})
        assert found.names == ("9", "10", "x", "no value")
        assert found.group_of == {"a": 1, "b": 0, "c": 3, "d": 2, "e": 0}

    def test_by_quantile_four_groups_of_one_size(self) -> None:
        found = by_quantile({f"q{place}": float(place) for place in range(20)}, "characters")
        assert found.names == (
            "0 to 4 characters",
            "5 to 9 characters",
            "10 to 14 characters",
            "15 to 19 characters",
        )
        assert [[*found.group_of.values()].count(group) for group in range(4)] == [5, 5, 5, 5]

    @pytest.mark.parametrize(
        ("values", "names"),
        [
            ([7.0] * 9, ("7",)),
            ([1.0] * 9 + [2.0], ("1", "2")),
            ([1.0, 2.0, 3.0], ("1", "2", "3")),
            ([1.5, None], ("1.5", "no value")),
            ([None], ("no value",)),
        ],
    )
    def test_by_quantile_never_parts_equal_numbers(
        self, values: list[float | None], names: tuple[str, ...]
    ) -> None:
        found = by_quantile({f"q{place}": one for place, one in enumerate(values)})
        assert found.names == names
        assert set(found.group_of.values()) == set(range(len(names)))


class TestFields:
    @pytest.mark.parametrize(
        ("field", "words"),
        [
            (MetadataField("topic", 3, 30, single=True, numeric=False, longest=9), ""),
            (MetadataField("tags", 3, 30, single=False, numeric=False, longest=9), "lists or objects"),
            (MetadataField("source", 1, 30, single=True, numeric=False, longest=9), "same value"),
            (
                MetadataField("title", 30, 30, single=True, numeric=False, longest=9),
                "30 values for 30 questions",
            ),
            (MetadataField("title", 41, 900, single=True, numeric=False, longest=9), "41 values"),
            (MetadataField("note", 5, 30, single=True, numeric=False, longest=61), "texts"),
            (MetadataField("year", 300, 500, single=True, numeric=True, longest=4), ""),
        ],
    )
    def test_why_not(self, field: MetadataField, words: str) -> None:
        assert words in why_not(field)
        assert bool(why_not(field)) == bool(words)

    def test_many_numbers_are_put_into_quarters(self) -> None:
        field = MetadataField("year", 300, 500, single=True, numeric=True, longest=4)
        assert in_quantiles(field)
        assert not in_quantiles(MetadataField("level", 3, 500, single=True, numeric=True, longest=1))

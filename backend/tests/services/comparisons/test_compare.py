"""Tests of pairing and comparing experiments as arrays."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.scoring import ScoreFamily
from app.services.comparisons import compare
from app.services.comparisons.compare import (
    QuantityComparison,
    ScoreComparison,
    best_of,
    compare_experiments,
    detectable,
)
from app.services.comparisons.draws import _Cached
from app.services.comparisons.pairing import QUANTITIES, Floats, RunArrays, pair
from app.services.comparisons.report import outcome_of
from app.services.evaluation.statistics.paired import PairedDraws, paired_draws
from tests.factories import properties

NAN = float("nan")


def runs(
    values: Sequence[float], *, hashes: list[str] | None = None, repeats: int = 1, **fields: Any
) -> RunArrays:
    n = len(values)
    names = [f"q{i // repeats}" for i in range(n)]
    amounts = {name: np.full(n, 10.0) for name in QUANTITIES}
    return RunArrays(
        **{
            "hashes": hashes or [f"h{i // repeats}" for i in range(n)],
            "repeats": [i % repeats for i in range(n)],
            "keys": names,
            "clusters": [None] * n,
            "failed": [False] * n,
            "values": {"exact_match": np.array(values), **amounts},
            **fields,
        }
    )


def only(first: RunArrays, second: RunArrays) -> Any:
    return compare_experiments(first, [second], ["exact_match"])[0].scores[0]


class TestPair:
    def test_by_content_not_by_place(self) -> None:
        first = runs([1, 0, 0], hashes=["a", "b", "c"])
        second = runs([0, 0, 1], hashes=["c", "b", "a"])
        pairing = pair(first, second)
        assert [first.hashes[i] for i in pairing.first] == [second.hashes[i] for i in pairing.second]
        assert only(first, second).paired.difference == 0

    def test_an_edited_gold_answer_is_named(self) -> None:
        first, second = runs([1, 1, 1]), runs([1, 1, 1], hashes=["h0", "edited", "h2"])
        pairing = pair(first, second)
        assert (pairing.changed, pairing.only_first, pairing.only_second) == (["q1"], [], [])
        assert only(first, second).n_paired == 2

    def test_what_only_one_has_is_named(self) -> None:
        pairing = pair(runs([1, 1, 1]), runs([1, 1], keys=["q0", "other"], hashes=["h0", "x"]))
        assert (pairing.changed, pairing.only_first, pairing.only_second) == ([], ["q1", "q2"], ["other"])

    def test_copies_of_a_question_are_paired_in_order_and_belong_together(self) -> None:
        one = runs([1, 0, 1], hashes=["a", "a", "b"])
        pairing = pair(one, runs([0, 0, 1], hashes=["b", "a", "a"]))
        assert (pairing.first.tolist(), pairing.second.tolist()) == ([0, 1, 2], [1, 2, 0])
        assert pairing.clusters is not None
        assert pairing.clusters.tolist() == [0, 0, 1]
        assert one.copies() == ["q1"]

    def test_more_repeats_are_no_missing_questions(self) -> None:
        pairing = pair(runs([1] * 6, repeats=3), runs([1] * 10, repeats=5))
        assert pairing.first.size == 6
        assert (pairing.changed, pairing.only_first, pairing.only_second) == ([], [], [])
        assert (pairing.more_first, pairing.more_second) == ({}, {"q0": 2, "q1": 2})

    def test_repeats_belong_together(self) -> None:
        pairing = pair(runs([1, 0, 1, 1], repeats=2), runs([0, 0, 1, 1], repeats=2))
        assert pairing.clusters is not None
        assert pairing.clusters.tolist() == [0, 0, 1, 1]

    def test_questions_on_one_document_belong_together(self) -> None:
        first = runs([1, 0, 1], clusters=["d", "d", None])
        clusters = pair(first, runs([1, 1, 1])).clusters
        assert clusters is not None
        assert clusters.tolist() == [0, 0, 1]


class TestCompare:
    def test_mcnemar_for_right_and_wrong(self) -> None:
        found = only(runs([1] * 10 + [0] * 2 + [1] * 8), runs([0] * 10 + [1] * 2 + [1] * 8))
        assert found.cells == (8, 2, 10, 0)
        assert found.paired.p == pytest.approx(0.03857, abs=1e-5)
        assert found.paired.difference == pytest.approx(-0.4)

    def test_failed_runs_are_left_out_and_bounded(self) -> None:
        found = only(runs([1, 1, NAN, 0]), runs([1, 0, 1, NAN]))
        assert found.n_paired == 2
        assert (found.bounds.first_missing, found.bounds.second_missing) == (1, 1)
        assert (found.bounds.low, found.bounds.as_wrong, found.bounds.high) == (-0.25, 0, 0.25)

    def test_the_interval_with_failures_is_that_of_the_worst_and_best_scores(self) -> None:
        found = only(runs([1.0] * 40), runs([1.0] * 30 + [NAN] * 10))
        against = only(runs([1.0] * 40), runs([1.0] * 30 + [0.0] * 10)).paired
        towards = only(runs([1.0] * 40), runs([1.0] * 40)).paired
        assert found.with_missing == (against.low, towards.high)
        assert only(runs([1.0] * 40), runs([1.0] * 40)).with_missing is None

    def test_what_a_score_does_not_apply_to_is_not_missing(self) -> None:
        both = only(runs([1, NAN, 0]), runs([1, NAN, 1]))
        assert (both.bounds.n, both.bounds.second_missing, both.not_applicable) == (2, 0, 1)
        failed = only(runs([1, NAN, 0], failed=[False, True, False]), runs([1, NAN, 1]))
        assert (failed.bounds.first_missing, failed.bounds.second_missing) == (1, 1)

    def test_several_scores_are_one_family_if_that_is_asked_for(self) -> None:
        better, worse = [1.0] * 9 + [0.0] * 11, [0.0] * 9 + [0.0] * 11
        one, two = runs(worse), runs(better)
        for side, values in ((one, worse), (two, better)):
            side.values["other"] = np.array(values)
        alone, together = (
            compare_experiments(one, [two], ["exact_match", "other"], [], family=family)[0].scores
            for family in get_args(ScoreFamily)
        )
        assert [found.family for found in alone] == [1, 1]
        assert [found.family for found in together] == [2, 2]
        assert [found.adjusted_p for found in alone] == [pytest.approx(2**-8)] * 2
        assert [found.adjusted_p for found in together] == [pytest.approx(2**-7)] * 2
        assert together[0].simultaneous is not None
        assert alone[0].simultaneous is not None
        assert together[0].simultaneous[0] < alone[0].simultaneous[0]

    def test_holm_over_all_amounts(self) -> None:
        others = [runs([1.0] * 8), runs([1.0] * 8)]
        others[0].values["tokens"] = np.arange(20.0, 28.0)
        first, second = (one.quantities for one in compare_experiments(runs([1.0] * 8), others, []))
        adjusted = {one.quantity: one.adjusted_p for one in first}
        assert adjusted["tokens"] == pytest.approx(6 * 2 / 2**8)
        assert {one.adjusted_p for one in second} == {1.0}

    def test_nothing_paired(self) -> None:
        found = compare_experiments(runs([1.0]), [runs([1.0], hashes=["x"])], ["exact_match"])[0]
        assert found.scores[0].paired is None
        assert all(one.paired is None for one in found.quantities)

    def test_holm_over_the_comparisons_of_a_score(self) -> None:
        baseline = runs([0] * 20)
        others = [runs([1] * 6 + [0] * 14), runs([1] * 8 + [0] * 12), runs([0] * 20)]
        scores = [one.scores[0] for one in compare_experiments(baseline, others, ["exact_match"])]
        assert scores[0].adjusted_p == pytest.approx(2 * scores[0].paired.p)  # type: ignore[union-attr]
        assert scores[1].adjusted_p == pytest.approx(3 * scores[1].paired.p)  # type: ignore[union-attr]
        assert scores[2].adjusted_p == 1

    def test_amounts(self) -> None:
        second = runs([1, 1, 1])
        second.values["latency_ms"] = np.array([20.0, 30.0, NAN])
        amounts = {
            one.quantity: one for one in compare_experiments(runs([1, 1, 1]), [second], [])[0].quantities
        }
        assert amounts["latency_ms"].n_paired == 2
        assert amounts["latency_ms"].paired is not None
        assert amounts["latency_ms"].paired.ratio == pytest.approx(2.5)

    @properties
    @given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
    def test_every_item_twice_as_repeats_changes_no_difference(self, pairs: list[tuple[bool, bool]]) -> None:
        first, second = ([float(pair[i]) for pair in pairs] for i in (0, 1))
        once = only(runs(first), runs(second))
        twice = only(
            runs([v for v in first for _ in range(2)], repeats=2),
            runs([v for v in second for _ in range(2)], repeats=2),
        )
        if twice.paired is not None:
            assert twice.paired.difference == pytest.approx(once.paired.difference)
            assert twice.paired.units == once.paired.n
            if once.paired.n > 1:
                assert twice.paired.standard_error == pytest.approx(once.paired.standard_error)

    def test_the_same_arrays_are_drawn_from_once_whatever_the_family(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawn: list[int] = []

        def draw(first: Floats, *arguments: Any, **options: Any) -> PairedDraws:
            drawn.append(first.size)
            return paired_draws(first, *arguments, **options)

        monkeypatch.setattr(compare, "cached_paired_draws", _Cached(draw))
        baseline, one, two = (runs(np.linspace(low, 1, 9).tolist()) for low in (0.1, 0.2, 0.3))
        alone = compare_experiments(baseline, [one], ["exact_match"])[0].scores[0]
        beside, _ = (each.scores[0] for each in compare_experiments(baseline, [one, two], ["exact_match"]))
        assert len(drawn) == 2
        assert alone.paired is not None
        assert beside.paired is not None
        assert (alone.paired.low, alone.paired.high) == (beside.paired.low, beside.paired.high)
        assert beside.paired.simultaneous[0] < alone.paired.simultaneous[0]


class TestSimultaneousIntervals:
    @settings(max_examples=15, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.sampled_from(["binary", "graded", "repeated"]))
    def test_they_exclude_0_if_and_only_if_the_label_says_better_or_worse(
        self, seed: int, others: int, kind: str
    ) -> None:
        rng = np.random.default_rng(seed)
        n, repeats = int(rng.integers(2, 60)), 2 if kind == "repeated" else 1

        def side(quality: float) -> RunArrays:
            right = (rng.random(n * repeats) < quality).astype(float)
            scores = right if kind != "graded" else np.where(rng.random(n) < 0.5, right, rng.random(n))
            found = runs(scores.tolist(), repeats=repeats)
            found.values["latency_ms"] = rng.lognormal(6 + quality, 0.5, n * repeats)
            return found

        baseline = side(0.4)
        found = compare_experiments(baseline, [side(rng.random()) for _ in range(others)], ["exact_match"])
        every: list[ScoreComparison | QuantityComparison] = [each.scores[0] for each in found]
        every += [quantity for each in found for quantity in each.quantities]
        for one in every:
            if one.paired is None or one.adjusted_p is None or one.simultaneous is None:
                continue
            label = outcome_of(one.paired.difference, one.adjusted_p, more_is_better=True)
            low, high = one.simultaneous
            assert label == ("better" if low > 0 else "worse" if high < 0 else "not_distinguishable")
            assert one.family == others * (1 if isinstance(one, ScoreComparison) else len(QUANTITIES))
            if isinstance(one, QuantityComparison) and one.simultaneous_ratio is not None:
                low, high = one.simultaneous_ratio
                assert label == ("better" if low > 1 else "worse" if high < 1 else "not_distinguishable")

    def test_of_one_comparison_it_is_the_plain_one(self) -> None:
        found = only(runs([0.0] * 20 + [1.0] * 20), runs([1.0] * 40))
        assert found.simultaneous == (found.paired.low, found.paired.high)
        assert found.family == 1

    def test_of_several_it_is_wider_and_has_their_number(self) -> None:
        baseline = runs([0.0] * 30 + [1.0] * 10)
        others = [runs([1.0] * 40), runs([0.0] * 29 + [1.0] * 11), runs([1.0], hashes=["x"])]
        scores = [one.scores[0] for one in compare_experiments(baseline, others, ["exact_match"])]
        assert [one.family for one in scores] == [2, 2, 1]
        for one in scores[:2]:
            assert one.paired is not None
            assert one.simultaneous is not None
            assert one.simultaneous[0] < one.paired.low
            assert one.simultaneous[1] > one.paired.high

    def test_questions_are_counted_once(self) -> None:
        assert only(runs([1, 0, 1, 1], repeats=2), runs([1, 0, 1, NAN], repeats=2)).questions == 2
        assert only(runs([1, 0, 1, 1]), runs([1, 0, 1, NAN])).questions == 3


class TestBest:
    def test_ties_are_named_with_the_best(self) -> None:
        experiments = {
            "low": runs([0.0] * 40),
            "a": runs([1.0] * 30 + [0.0] * 10),
            "b": runs([1.0] * 29 + [0.0] * 11),
        }
        assert best_of(experiments, "exact_match") == ["a", "b"]

    def test_without_scores(self) -> None:
        assert best_of({"a": runs([NAN]), "b": runs([NAN])}, "exact_match") == []


class TestDetectable:
    def test_falls_with_the_number_of_items(self) -> None:
        few = only(runs([1, 0] * 20), runs([0, 1] * 10 + [1, 0] * 10)).paired
        many = only(runs([1, 0] * 200), runs([0, 1] * 100 + [1, 0] * 100)).paired
        assert detectable(many) < detectable(few)  # type: ignore[operator]

    @pytest.mark.parametrize("n", [1, 2, 5])
    def test_of_too_few_items_to_reach_significance(self, n: int) -> None:
        assert detectable(only(runs([0.0] * n), runs([1.0] * n)).paired) is None

    def test_where_nothing_differs(self) -> None:
        assert detectable(only(runs([1, 0]), runs([1, 0])).paired) is None


class TestEquivalence:
    def sides(self, lost: int, won: int, n: int = 1000) -> tuple[RunArrays, RunArrays]:
        first, second = np.ones(n), np.ones(n)
        second[:lost] = 0
        first[lost : lost + won] = 0
        return runs(first.tolist()), runs(second.tolist())

    def test_is_said_beside_the_difference(self) -> None:
        found = only(*self.sides(8, 8))
        assert (found.equivalence.verdict, found.equivalence.within) == ("equivalent", True)
        assert found.equivalence.margin == 0.02

    def test_the_margin_is_the_users(self) -> None:
        first, second = self.sides(8, 8)
        found = compare_experiments(first, [second], ["exact_match"], margin=0.001)[0].scores[0]
        assert found.equivalence is not None
        assert found.equivalence.verdict == "cannot_tell"

    def test_what_failed_counts_against_and_for_it(self) -> None:
        first, second = self.sides(8, 8)
        second.values["exact_match"][-15:] = NAN
        second = replace(second, failed=[False] * 985 + [True] * 15)
        found = only(first, second).equivalence
        assert (found.within, found.verdict) == (False, "cannot_tell")
        assert found.low < -0.02

    def test_allows_for_all_comparisons_that_are_shown(self) -> None:
        first, second = self.sides(8, 8)
        together = compare_experiments(first, [second] * 5, ["exact_match"])[0].scores[0].equivalence
        alone = only(first, second).equivalence
        assert together is not None
        assert together.low < alone.low
        assert together.level == pytest.approx(1 - 0.1 / 5)

    def test_without_a_test_there_is_none(self) -> None:
        assert only(runs([0.5]), runs([0.7])).equivalence is None


class TestSameAnswers:
    def side(self, outputs: list[int | None], answers: list[str | None], **fields: Any) -> RunArrays:
        return runs([1.0] * len(outputs), outputs=outputs, answers=answers, **fields)

    def shares(self, first: RunArrays, second: RunArrays) -> tuple[float, float, int]:
        found = compare_experiments(first, [second], [], rule="squad")[0].identity
        assert found is not None
        return found.outputs.value, found.answers.value, found.outputs.n

    def test_raw_and_normalised(self) -> None:
        first = self.side([1, 2, 3, 4], ["Paris", "the Eiffel Tower", None, "7"])
        second = self.side([1, 5, 6, 7], ["Paris", "eiffel tower.", None, "8"])
        assert self.shares(first, second) == (0.25, 0.75, 4)

    def test_pairs_are_of_equal_questions(self) -> None:
        first = self.side([1, 2], ["a", "b"], hashes=["x", "y"])
        second = self.side([2, 1], ["b", "a"], hashes=["y", "x"])
        assert self.shares(first, second) == (1.0, 1.0, 2)

    def test_failed_runs_have_no_answer(self) -> None:
        first = self.side([1, None, 3], ["a", None, "c"])
        assert self.shares(first, self.side([1, None, 4], ["a", None, "c"])) == (0.5, 1.0, 2)

    def test_repeats_of_a_question_are_one_unit(self) -> None:
        first = self.side([1, 2, 3, 4], ["a"] * 4, repeats=2)
        found = compare_experiments(first, [self.side([1, 2, 5, 4], ["a"] * 4, repeats=2)], [], rule="squad")
        assert found[0].identity is not None
        assert found[0].identity.outputs.method == "clustered"

    def test_without_answers_nothing_is_said(self) -> None:
        assert compare_experiments(runs([1.0]), [runs([1.0])], [], rule="squad")[0].identity is None

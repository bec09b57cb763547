"""Equivalence by two one-sided tests: what the interval decides, and what is said."""

import numpy as np
import pytest
from scipy.stats import multinomial, norm

from app.services.evaluation.statistics.equivalence import (
    Equivalence,
    EquivalenceVerdict,
    decide_equivalence,
    equivalence,
    equivalence_level,
    questions_for_equivalence,
)
from app.services.evaluation.statistics.paired import PairedDraws, paired_difference, paired_draws
from app.services.evaluation.statistics.proportions import score_interval


def draws(lost: int, won: int, n: int) -> PairedDraws:
    """Right answers, of which so many are lost and won."""
    first, second = np.ones(n), np.ones(n)
    second[:lost] = 0
    first[lost : lost + won] = 0
    return paired_draws(first, second, seed=1, resamples=999)


class TestDecision:
    @pytest.mark.parametrize(
        ("interval", "side", "within", "verdict", "sentence"),
        [
            ((-0.01, 0.015), 0, True, "equivalent", "equivalent within 2 points"),
            ((-0.03, 0.01), 0, False, "cannot_tell", "cannot tell if equivalent within 2 points"),
            ((-0.01, 0.03), 0, False, "cannot_tell", "cannot tell if equivalent within 2 points"),
            ((-0.02, 0.01), 0, False, "cannot_tell", "cannot tell if equivalent within 2 points"),
            ((0.005, 0.015), 1, True, "better", "better, but by less than the margin of 2 points"),
            ((-0.015, -0.005), -1, True, "worse", "worse, but by less than the margin of 2 points"),
            ((0.01, 0.05), 1, False, "better", "better, and not shown to be within 2 points"),
            ((-0.09, -0.05), -1, False, "worse", "worse by more than the margin of 2 points"),
            ((0.0, 0.0), 0, False, "cannot_tell", "cannot tell if equivalent within 2 points"),
        ],
    )
    def test_both_questions_are_answered(
        self, interval: tuple[float, float], side: int, within: bool, verdict: str, sentence: str
    ) -> None:
        found = decide_equivalence(interval, 500, side, 0.02)
        assert (found.within, found.verdict, found.sentence) == (within, verdict, sentence)

    def test_what_failed_must_be_within_the_margin_too(self) -> None:
        found = decide_equivalence((-0.01, 0.01), 500, 0, 0.02, with_missing=(-0.03, 0.012))
        assert found.verdict is EquivalenceVerdict.CANNOT_TELL
        assert (found.low, found.high) == (-0.03, 0.012)

    def test_few_units_decide_nothing(self) -> None:
        assert decide_equivalence((-0.01, 0.01), 20, 0, 0.02).within
        assert not decide_equivalence((-0.01, 0.01), 19, 0, 0.02).within

    @pytest.mark.parametrize(
        ("interval", "margin"), [((0.0, 0.1), 0.0), ((0.1, 0.0), 0.02), ((0.0, 0.1), float("nan"))]
    )
    def test_nonsense_is_refused(self, interval: tuple[float, float], margin: float) -> None:
        with pytest.raises(ValueError, match="no equivalence"):
            decide_equivalence(interval, 100, 0, margin)

    def test_margins_are_written_as_they_are(self) -> None:
        margin = decide_equivalence((-0.01, 0.01), 50, 0, 0.025)
        assert margin.sentence == "equivalent within 2.5 points"


class TestLevel:
    def test_is_one_less_two_alpha(self) -> None:
        assert equivalence_level() == pytest.approx(0.9)
        assert equivalence_level(4) == pytest.approx(1 - 0.1 / 4)

    def test_is_wider_in_a_family(self) -> None:
        alone, together = equivalence(draws(5, 5, 1000)), equivalence(draws(5, 5, 1000), family=5)
        assert together.low < alone.low < alone.high < together.high

    def test_lies_within_the_interval_that_is_shown(self) -> None:
        # So a difference that is shown to lie within the margin is equivalent, too.
        both = draws(20, 30, 1000)
        for family in (1, 4):
            shown = both.difference(family=family).simultaneous
            found = equivalence(both, family=family)
            assert shown[0] < found.low < found.high < shown[1]


class TestOfPairs:
    def verdict(self, found: Equivalence) -> tuple[str, bool]:
        return found.verdict.value, found.within

    @pytest.mark.parametrize(
        ("lost", "won", "n", "expected"),
        [
            (0, 0, 100, ("cannot_tell", False)),
            (0, 0, 200, ("equivalent", True)),
            (10, 10, 1000, ("equivalent", True)),
            (10, 10, 300, ("cannot_tell", False)),
            (30, 8, 3000, ("worse", True)),
            (8, 30, 3000, ("better", True)),
            (5, 60, 300, ("better", False)),
        ],
    )
    def test_right_or_wrong(self, lost: int, won: int, n: int, expected: tuple[str, bool]) -> None:
        assert self.verdict(equivalence(draws(lost, won, n))) == expected

    def test_is_tangos_interval_for_right_or_wrong(self) -> None:
        found = equivalence(draws(12, 7, 400), 0.03)
        assert (found.low, found.high) == pytest.approx(score_interval(12, 7, 400, 0.9))

    def test_agrees_with_two_one_sided_t_tests_for_graded_scores(self) -> None:
        rng = np.random.default_rng(3)
        first = rng.random(4_000)
        second = np.clip(first + rng.normal(0, 0.1, 4_000), 0, 1)
        found = equivalence(paired_draws(first, second, seed=1), 0.01)
        difference = second - first
        half = norm.ppf(0.95) * difference.std(ddof=1) / np.sqrt(4_000)
        assert found.low == pytest.approx(difference.mean() - half, abs=3e-4)
        assert found.high == pytest.approx(difference.mean() + half, abs=3e-4)
        assert found.verdict is EquivalenceVerdict.EQUIVALENT

    def test_sides_swapped_give_the_mirrored_answer(self) -> None:
        rng = np.random.default_rng(4)
        first = rng.choice([0, 0.4, 1.0], 300)
        second = np.where(rng.random(300) < 0.1, first / 2, first)
        one = equivalence(paired_draws(first, second, seed=1))
        two = equivalence(paired_draws(second, first, seed=1))
        assert (one.low, one.high) == pytest.approx((-two.high, -two.low))
        assert (one.verdict, two.verdict) == ("worse", "better")

    def test_the_adjusted_p_says_which_side_is_better(self) -> None:
        assert equivalence(draws(30, 8, 3000), adjusted_p=0.2).verdict is EquivalenceVerdict.EQUIVALENT

    def test_repeats_are_no_further_questions(self) -> None:
        labels = np.repeat(np.arange(10), 100)
        same = np.ones(1000)
        assert not equivalence(paired_draws(same, same, labels, seed=1)).within


class TestPlan:
    def test_is_the_usual_formula(self) -> None:
        found = paired_difference(
            np.repeat([1.0, 0.0, 1.0], [50, 50, 900]), np.repeat([0, 1, 1], [50, 50, 900]), seed=1
        )
        assert questions_for_equivalence(found, 0.02) == pytest.approx(2143, abs=3)

    def test_repeats_are_counted_as_questions(self) -> None:
        rng = np.random.default_rng(1)
        first, second = (rng.random((2, 600)) < 0.5).astype(float)
        found = paired_difference(first, second, np.repeat(np.arange(200), 3), seed=1, resamples=999)
        pairs, asked = questions_for_equivalence(found), questions_for_equivalence(found, questions=200)
        assert pairs is not None
        assert asked == pytest.approx(pairs / 3, abs=1)

    def test_without_variation_nothing_is_known(self) -> None:
        assert questions_for_equivalence(draws(0, 0, 50).difference()) is None


def test_of_candidates_worse_by_the_margin_five_percent_are_called_equivalent() -> None:
    """Exactly, over all outcomes: 25 % lost and 5 % won of 100 questions, margin 20 points."""
    n, lost, won, margin = 100, 0.25, 0.05, 0.2
    false = 0.0
    for b in range(8, 46):
        for c in range(17):
            found = decide_equivalence(score_interval(b, c, n, equivalence_level()), n, 0, margin)
            false += found.within * float(multinomial.pmf([b, c, n - b - c], n, [lost, won, 1 - lost - won]))
    assert 0.04 < false < 0.0505

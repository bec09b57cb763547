"""Bets on paired differences: against the closed form, and the promise that holds at every look."""

from math import comb, exp, inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.evaluation.statistics.anytime import PairedBets

scores = st.lists(st.sampled_from([-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=40)


def bets_on(*differences: float, margin: float = 0.02) -> PairedBets:
    bets = PairedBets(margin)
    bets.add(differences, differences)
    return bets


def capital(bets: PairedBets) -> tuple[float, float]:
    """Against a difference of 0 or less, and of 0 or more."""
    now = bets.preview([nan], [nan])
    return exp(now.above_zero[0]), exp(now.below_zero[0])


@pytest.mark.parametrize(
    ("b", "c", "e"), [(8, 0, 28.4), (7, 0, 16), (10, 2, 4.77), (15, 5, 3.22), (30, 10, 31.6)]
)
def test_of_right_and_wrong_it_is_the_mixture_of_discordant_pairs(b: int, c: int, e: float) -> None:
    both = sum(capital(bets_on(*[1.0] * b, *[-1.0] * c, *[0.0] * 50))) / 2
    assert both == pytest.approx(2 ** (b + c) / ((b + c + 1) * comb(b + c, b)))
    assert both == pytest.approx(e, rel=2e-3)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("b", "c"), [(7, 0), (8, 0), (20, 8), (20, 6), (3, 30), (0, 0)])
def test_the_interval_excludes_zero_if_and_only_if_a_bet_against_it_has_won(
    b: int, c: int, level: float
) -> None:
    bets = bets_on(*[1.0] * b, *[-1.0] * c, *[0.0] * 30)
    above, below = capital(bets)
    low, high = bets.bounds(level)
    assert (low > 0, high < 0) == (above >= 2 / (1 - level), below >= 2 / (1 - level))
    assert -1 <= low <= (b - c) / (b + c + 30) <= high <= 1


@settings(deadline=None, max_examples=25)
@given(scores, scores)
def test_parts_and_order_do_not_matter_and_sides_are_mirrored(first: list[float], rest: list[float]) -> None:
    whole, parts = bets_on(*first, *rest), bets_on(*rest)
    parts.add(first, first)
    assert parts.bounds(0.95) == pytest.approx(whole.bounds(0.95), abs=1e-7)
    assert capital(parts) == pytest.approx(capital(whole))
    low, high = bets_on(*(-d for d in first + rest)).bounds(0.95)
    assert (-high, -low) == pytest.approx(whole.bounds(0.95), abs=1e-7)


def test_a_preview_is_what_adding_gives() -> None:
    bets = bets_on(1.0, 0.5)
    given_pairs = [0.25, -1.0, 1.0]
    seen = bets.preview(given_pairs, given_pairs).above_margin
    for place in range(3):
        bets.add(given_pairs[place : place + 1], given_pairs[place : place + 1])
        assert bets.preview([nan], [nan]).above_margin[0] == pytest.approx(seen[place])


def test_a_missing_score_counts_against_both_findings() -> None:
    known = [1.0] * 30 + [0.0] * 30
    low, high = bets_on(*known).bounds(0.95)
    unsure = bets_on(*known)
    unsure.add([-1.0, 0.0], [0.0, 1.0])
    assert unsure.bounds(0.95)[0] < low
    assert unsure.bounds(0.95)[1] > bets_on(*known, 0.0, 0.0).bounds(0.95)[1]
    least, most = unsure.range_of_means
    assert (least, most) == pytest.approx((29 / 62, 31 / 62))
    assert high < 1


def test_nothing_is_known_of_no_pairs_and_of_questions_without_the_score() -> None:
    bets = bets_on(nan, nan)
    assert (bets.pairs, bets.bounds(0.95), bets.range_of_means) == (0, (-1.0, 1.0), (-1.0, 1.0))


@pytest.mark.parametrize(("low", "high"), [([1.5], [1.5]), ([0.5], [0.0]), ([0.0], [0.0, 1.0])])
def test_what_is_no_difference_of_scores_is_refused(low: list[float], high: list[float]) -> None:
    with pytest.raises(ValueError, match="differences"):
        PairedBets(0.02).add(low, high)


def test_all_equal_is_not_certainty() -> None:
    low, high = bets_on(*[0.0] * 200).bounds(0.95)
    assert low == pytest.approx(-high, abs=1e-7)
    assert 0.01 < high < 0.06
    assert bets_on(*[1.0] * 200).bounds(0.95)[0] < 1 - 1e-3


def test_whoever_looks_after_every_pair_is_wrong_as_rarely_as_promised() -> None:
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(100):
        differences = rng.choice([-1.0, -0.4, 0.0, 0.4, 1.0], 200, p=[0.1, 0.1, 0.6, 0.1, 0.1])
        seen = PairedBets(0.05).preview(differences, differences)
        most = max(seen.above_zero.max(initial=-inf), seen.below_zero.max(initial=-inf))
        wrong += exp(most) >= 2 / 0.05
    assert (
        wrong <= 10
    )  # 2 % are expected at this length; of p values looked at after every pair it would be 25 %

"""Tests of prediction-powered inference: coverage in simulations, and what it does at the edges."""

import numpy as np
import pytest

from app.services.evaluation.statistics.prediction_powered import Of, corrected_mean

SIMULATIONS = 500
# 500 simulations at 95 % give 92.4 to 97.4 % in 99 of 100 cases.
LEAST = 0.925


def names(n: int) -> list[str]:
    return [str(place) for place in range(n)]


def judged_answers(
    generator: np.random.Generator, n: int, right: float, sensitivity: float, specificity: float
) -> tuple[np.ndarray, np.ndarray]:
    truth = generator.random(n) < right
    judged = np.where(truth, generator.random(n) < sensitivity, generator.random(n) > specificity)
    return truth.astype(float), judged.astype(float)


@pytest.mark.parametrize(
    ("labelled", "right", "sensitivity", "specificity"),
    [
        (30, 0.5, 0.8, 0.8),
        (30, 0.2, 0.9, 0.9),
        (50, 0.1, 0.95, 0.97),
        (50, 0.8, 0.95, 0.6),
        (100, 0.3, 0.5, 0.5),
    ],
)
def test_the_interval_covers_the_truth_where_the_judge_alone_is_biased(
    labelled: int, right: float, sensitivity: float, specificity: float
) -> None:
    generator = np.random.default_rng(1)
    covered, widths, alone = [], [], []
    for _ in range(SIMULATIONS):
        truth, judged = judged_answers(generator, 600, right, sensitivity, specificity)
        labels = np.where(np.arange(600) < labelled, truth, np.nan)
        found = corrected_mean(labels, judged, names(600))
        without = corrected_mean(labels, judged, names(600), use_judge=False)
        assert found is not None
        assert without is not None
        covered.append(found.low <= right <= found.high)
        widths.append(found.high - found.low)
        alone.append(without.high - without.low)
    assert np.mean(covered) >= LEAST
    # Never much wider than without the judge; narrower with a good one.
    assert np.mean(widths) <= np.mean(alone) * (0.8 if min(sensitivity, specificity) >= 0.9 else 1.02)


@pytest.mark.parametrize(("first", "second"), [(0.5, 0.5), (0.2, 0.3)])
def test_differences_are_covered(first: float, second: float) -> None:
    generator = np.random.default_rng(2)
    covered = 0
    for _ in range(SIMULATIONS):
        one, judged_one = judged_answers(generator, 600, first, 0.85, 0.8)
        other, judged_other = judged_answers(generator, 600, second, 0.85, 0.8)
        labels = np.where(np.arange(600) < 40, other - one, np.nan)
        found = corrected_mean(labels, judged_other - judged_one, names(600), of="difference")
        assert found is not None
        covered += found.low <= second - first <= found.high
    assert covered / SIMULATIONS >= LEAST


def test_answers_to_one_question_count_as_one() -> None:
    generator = np.random.default_rng(3)
    truth, judged = judged_answers(generator, 100, 0.5, 0.8, 0.8)
    labels = np.where(np.arange(100) < 40, truth, np.nan)
    apart = corrected_mean(labels, judged, names(100))
    together = corrected_mean(np.repeat(labels, 5), np.repeat(judged, 5), [str(i // 5) for i in range(500)])
    assert apart is not None
    assert together is not None
    assert together.value == pytest.approx(apart.value, abs=0.01)
    assert together.high - together.low == pytest.approx(apart.high - apart.low, rel=0.1)


def test_a_judge_without_use_has_no_weight_and_a_perfect_one_nearly_all() -> None:
    generator = np.random.default_rng(4)
    truth = (generator.random(1_000) < 0.4).astype(float)
    labels = np.where(np.arange(1_000) < 100, truth, np.nan)
    useless = corrected_mean(labels, generator.random(1_000), names(1_000))
    perfect = corrected_mean(labels, truth, names(1_000))
    constant = corrected_mean(labels, np.ones(1_000), names(1_000))
    assert useless is not None
    assert perfect is not None
    assert constant is not None
    assert useless.weight < 0.3
    assert perfect.weight > 0.8
    assert perfect.value == pytest.approx(truth.mean(), abs=0.02)
    assert constant.value == pytest.approx(np.nanmean(labels), abs=0.02)


@pytest.mark.parametrize("of", ["score", "difference"])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_labels_that_are_all_the_same_leave_a_width(of: Of, value: float) -> None:
    labels = np.full(20, np.nan)
    labels[:10] = value
    found = corrected_mean(labels, np.full(20, value), names(20), of=of)
    assert found is not None
    assert found.value == value
    assert found.high - found.low > 0.1


def test_all_labelled_is_the_mean_of_the_labels() -> None:
    labels = np.array([1.0, 0.0, 1.0, 1.0])
    found = corrected_mean(labels, np.zeros(4), names(4))
    assert found is not None
    assert (found.value, found.labelled, found.judged, found.weight) == (0.75, 4, 4, 0)


def test_too_few_labels() -> None:
    nothing = np.full(5, np.nan)
    assert corrected_mean(nothing, np.zeros(5), names(5)) is None
    nothing[0] = 1
    assert corrected_mean(nothing, np.zeros(5), names(5)) is None
    assert corrected_mean(np.empty(0), np.empty(0), []) is None

"""Tests of prediction-powered inference: coverage in simulations, and what it does at the edges."""

import numpy as np
import pytest

from app.services.evaluation.statistics.prediction_powered import Of, corrected_mean
from benchmarks.labels import corrections


def names(n: int) -> list[str]:
    return [str(place) for place in range(n)]


def judged_answers(
    generator: np.random.Generator, n: int, right: float, sensitivity: float, specificity: float
) -> tuple[np.ndarray, np.ndarray]:
    truth = generator.random(n) < right
    judged = np.where(truth, generator.random(n) < sensitivity, generator.random(n) > specificity)
    return truth.astype(float), judged.astype(float)


def test_the_intervals_cover_the_truth_where_the_judge_alone_is_biased() -> None:
    for row in corrections(200, seed=1):
        assert row.kept, row


@pytest.mark.parametrize(("sensitivity", "least", "most"), [(0.95, 0.3, 0.8), (0.5, 0.97, 1.03)])
def test_a_good_judge_makes_the_interval_narrower_and_a_useless_one_does_no_harm(
    sensitivity: float, least: float, most: float
) -> None:
    generator = np.random.default_rng(1)
    ratios = []
    for _ in range(50):
        truth, judged = judged_answers(generator, 1_000, 0.5, sensitivity, sensitivity)
        labels = np.where(np.arange(1_000) < 50, truth, np.nan)
        found = corrected_mean(labels, judged, names(1_000))
        without = corrected_mean(labels, judged, names(1_000), use_judge=False)
        assert found is not None
        assert without is not None
        ratios.append((found.high - found.low) / (without.high - without.low))
    assert least <= np.mean(ratios) <= most


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

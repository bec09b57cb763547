"""Tests of agreement beyond chance."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa as reference

from app.services.evaluation.statistics.agreement import cohens_kappa, krippendorffs_alpha


def labels(n: int, same: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    first = generator.random(n) < 0.4
    return first, np.where(generator.random(n) < same, first, ~first)


def test_the_value_is_that_of_scikit_learn_and_the_interval_near_the_asymptotic_one() -> None:
    first, second = labels(400, 0.8, seed=1)
    found = cohens_kappa(first, second, [str(i) for i in range(400)])
    assert found is not None
    assert found.value == pytest.approx(cohen_kappa_score(first, second))
    both, neither = (first & second).sum(), (~first & ~second).sum()
    table = [[both, (first & ~second).sum()], [(~first & second).sum(), neither]]
    expected = reference(table)
    assert found.low == pytest.approx(expected.kappa_low, abs=0.01)
    assert found.high == pytest.approx(expected.kappa_upp, abs=0.01)


def test_items_of_one_unit_count_together() -> None:
    first, second = labels(100, 0.8, seed=2)
    apart = cohens_kappa(first, second, [str(i) for i in range(100)])
    four = [np.repeat(side, 4) for side in (first, second)]
    together = cohens_kappa(four[0], four[1], [str(i // 4) for i in range(400)])
    assert apart is not None
    assert together is not None
    assert together.value == pytest.approx(apart.value)
    assert together.n == 400
    assert together.high - together.low == pytest.approx(apart.high - apart.low, rel=0.05)


def test_one_label_throughout() -> None:
    same = np.ones(5, dtype=bool)
    names = list("abcde")
    assert cohens_kappa(same, same, names) is None
    assert cohens_kappa(same[:0], same[:0], []) is None
    found = cohens_kappa(same, np.array([True, False, True, False, True]), names)
    assert found is not None
    assert found.value == 0


def test_alpha_is_that_of_krippendorffs_example_and_grows_with_agreement() -> None:
    """Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section A: two observers."""
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    found = krippendorffs_alpha(np.array([first, second], dtype=float), list("abcdefghij"))
    assert found is not None
    assert found.value == pytest.approx(0.095, abs=0.001)
    assert found.low <= found.value <= found.high
    same = krippendorffs_alpha(np.array([first, first], dtype=float), list("abcdefghij"))
    assert same is not None
    assert same.value == 1


def test_alpha_leaves_out_what_one_rater_alone_has_rated() -> None:
    ratings = np.array([[1, 0, 1, 0, np.nan, 1], [1, 0, 0, 0, 1, np.nan]], dtype=float)
    found = krippendorffs_alpha(ratings, list("abcdef"))
    assert found is not None
    assert found.n == 4
    assert found.value == krippendorffs_alpha(ratings[:, :4], list("abcd")).value  # type: ignore[union-attr]
    assert krippendorffs_alpha(ratings[:, 4:], list("ef")) is None
    assert krippendorffs_alpha(np.ones((2, 5)), list("abcde")) is None
    assert krippendorffs_alpha(np.empty((0, 0)), []) is None

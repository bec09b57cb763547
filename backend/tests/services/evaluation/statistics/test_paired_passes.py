"""Differences of pass@k and pass^k: by hand, in a family, by clusters."""

import numpy as np
import pytest

from app.services.evaluation.statistics.multiple import holm
from app.services.evaluation.statistics.paired import paired_difference
from app.services.evaluation.statistics.paired_passes import PassDifference, PassSides, pass_differences
from app.services.evaluation.statistics.repeats import all_of_k, any_of_k

RIGHT = ([0, 1, 2, 3, 0, 1, 2, 3, 2, 1], [3, 3, 3, 3, 2, 1, 3, 3, 3, 0])


def sides(
    first: list[int], second: list[int], times: int = 3, clusters: list[int] | None = None
) -> PassSides:
    return PassSides(first, [times] * len(first), second, [times] * len(second), clusters)


def named(found: list[PassDifference]) -> list[tuple[str, int]]:
    return [(one.measure, one.k) for one in found]


def test_it_is_the_paired_difference_of_each_questions_estimate() -> None:
    (found,) = pass_differences([sides(*RIGHT)], seed=3)
    assert named(found) == [("any", 2), ("all", 2), ("any", 3), ("all", 3)]
    for one in found:
        of_k = any_of_k if one.measure == "any" else all_of_k
        first, second = ([of_k(3, right, one.k) for right in side] for side in RIGHT)
        assert one.paired == paired_difference(first, second, seed=3, family=4)
        assert one.paired.difference == pytest.approx(np.mean(second) - np.mean(first))
        assert one.questions == 10


def test_p_is_adjusted_over_all_k_and_all_experiments() -> None:
    better = sides([0] * 30, [2] * 15 + [0] * 15)
    found = pass_differences([better, sides(*RIGHT), sides([1] * 9, [1] * 9)], seed=1)
    together = [one for each in found for one in each]
    assert {one.family for one in together} == {12}
    assert [one.adjusted_p for one in together] == holm([one.paired.p for one in together]).tolist()
    for one in together:
        low, high = one.simultaneous
        assert (low <= 0 <= high) == (one.adjusted_p >= 0.05)
        assert low <= one.paired.low
    assert found[0][0].adjusted_p < 0.01 < found[2][0].adjusted_p


def test_questions_with_too_few_answers_say_nothing() -> None:
    one = PassSides([1, 0, 2, 1], [2, 2, 3, 1], [2, 1, 0, 0], [3, 2, 3, 3])
    (found,) = pass_differences([one], seed=1)
    assert [(*each, one.questions) for each, one in zip(named(found), found, strict=True)] == [
        ("any", 2, 3),
        ("all", 2, 3),
    ]


@pytest.mark.parametrize("times", [0, 1])
def test_without_repeats_there_is_nothing_to_say(times: int) -> None:
    assert pass_differences([sides([0] * 4, [times] * 4, times)], seed=1) == [[]]
    assert pass_differences([], seed=1) == []


def test_questions_of_a_cluster_count_as_one() -> None:
    first, second = [0, 0, 1, 1] * 10, [1, 2, 2, 3] * 10
    (alone,) = pass_differences([sides(first, second)], seed=1)
    (together,) = pass_differences(
        [sides(first, second, clusters=[place // 8 for place in range(40)])], seed=1
    )
    assert (alone[0].paired.units, together[0].paired.units) == (40, 5)
    assert together[0].adjusted_p > alone[0].adjusted_p
    (one,) = pass_differences([sides(first, second, clusters=[0] * 40)], seed=1)
    assert one == []

"""Tests of the trials of a matrix: which there are, in which order, and which experiment each is."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from app.core.errors import InvalidInput
from app.services.matrices.expansion import PlannedTrial, check, experiment_of, order_of_trials, pinned
from tests.services.matrices.factories import WAYS, matrix

METHODS = [{"name": name, "method": {"name": "naive"}} for name in ("a", "b", "c")]


class TestOrder:
    def test_each_cell_once_a_round(self) -> None:
        config = matrix(methods=METHODS, rounds=3)
        trials = order_of_trials(config, 1)
        assert [one.round for one in trials] == sorted(one.round for one in trials)
        assert set(Counter(trials).values()) == {1}
        assert len(trials) == 3 * 3 * 4

    def test_methods_take_turns_and_stay_together(self) -> None:
        trials = order_of_trials(matrix(methods=METHODS, rounds=3), 1)
        for number, expected in ((1, "abc"), (2, "bca"), (3, "cab")):
            names = [one.method for one in trials if one.round == number]
            assert names == [name for name in expected for _ in WAYS]

    def test_ways_are_in_another_order_each_round(self) -> None:
        trials = order_of_trials(matrix(rounds=6), 1)
        orders = {tuple(one.optimisation for one in trials if one.round == number) for number in range(1, 7)}
        assert len(orders) > 2
        assert trials == order_of_trials(matrix(rounds=6), 1)
        assert trials != order_of_trials(matrix(rounds=6), 2)

    def test_warm_follows_its_cold_one(self) -> None:
        trials = order_of_trials(matrix(methods=METHODS, rounds=5), 7)
        followed = [(a, b) for a, b in pairwise(trials) if b.optimisation == "warm"]
        assert len(followed) == 15
        assert all((a.optimisation, a.method, a.round) == ("cold", b.method, b.round) for a, b in followed)


class TestExperiment:
    def test_is_the_base_with_its_method_and_way(self) -> None:
        config = matrix(methods=[{"name": "CoT", "method": {"name": "cot"}, "params": {"max_tokens": 9}}])
        made = experiment_of(config, PlannedTrial("CoT", "concurrent", 2), "here")
        assert made.name == "Speed: CoT, concurrent, round 2"
        assert (made.method.name, made.params.max_tokens) == ("cot", 9)
        assert (made.execution.mode, made.execution.cache_scope) == ("concurrent", "here")
        assert (made.concurrency, made.workers, made.seed, made.dataset.n) == (8, 1, 3, 6)

    @pytest.mark.parametrize(("way", "read"), [("sequential", False), ("cold", True), ("warm", True)])
    def test_the_cache_is_read_where_it_is_measured(self, way: str, read: bool) -> None:
        assert experiment_of(matrix(), PlannedTrial("naive", way, 1), "here").cache is read


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"base": {"model": "mock/hash", "dataset": {"name": "quiz"}, "nonsense": 1}}, "base.nonsense"),
        ({"base": {"model": "mock/hash", "dataset": {"name": "quiz"}, "cache": True}}, "base.cache"),
        ({"methods": [{"name": "m", "repeats": 2}]}, "methods.0.repeats"),
        ({"methods": [{"name": "m", "seed": 2}]}, "methods.0.seed"),
        ({"methods": [{"name": "m", "params": {"max_tokens": "x"}}]}, "methods.0.params.max_tokens"),
    ],
)
def test_wrong_fields_are_named(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(matrix(**changed))
    assert field in [one.field for one in refused.value.errors]


def test_check_gives_the_experiments_of_one_round() -> None:
    assert len(check(matrix(methods=METHODS))) == 12


def test_pinned_to_a_version_of_the_dataset() -> None:
    config = matrix()
    assert pinned(config.as_json(), "abc")["base"]["dataset"] == {"name": "quiz", "n": 6, "version": "abc"}

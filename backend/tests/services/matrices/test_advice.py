"""Tests of the rules: when each speaks, and with which numbers."""

from typing import Any

import pytest

from app.schemas.matrix import AdviceOut, MatrixCellOut
from app.services.matrices.advice import RULES, advice
from tests.services.matrices.factories import WAYS, cell, matrix, not_run

OTHERS: list[dict[str, Any]] = [
    {"name": "batched", "execution": {"mode": "batched", "batch_size": 8}, "concurrency": 8},
    {"name": "prefix", "execution": {"mode": "sequential", "schedule": "by_prefix"}},
]
CONFIG = matrix(optimisations=[*WAYS, *OTHERS], rounds=3)
BASELINE = cell("sequential")


def said(*cells: MatrixCellOut, baseline: MatrixCellOut = BASELINE) -> dict[str, AdviceOut]:
    """Return the advice by rule."""
    found = advice(CONFIG, [baseline, *cells])
    assert len({one.rule for one in found}) == len(found)
    return {one.rule: one for one in found}


def test_nothing_measured_nothing_said() -> None:
    assert advice(CONFIG, [not_run("sequential"), not_run("concurrent")]) == []


def test_nothing_to_say() -> None:
    assert said() == {}


class TestFirst:
    def test_low_score(self) -> None:
        found = said(baseline=cell("sequential", score=(0.2, 0.13, 0.29)))
        assert found["low_score"].kind == "first"
        assert "naive, has a score of 20.0 % [13.0, 29.0]" in found["low_score"].text

    def test_a_score_that_may_be_above_one_half_is_not_low(self) -> None:
        assert said(baseline=cell("sequential", score=(0.45, 0.36, 0.55))) == {}

    def test_the_best_method_counts(self) -> None:
        config = matrix(methods=[{"name": "a"}, {"name": "b"}], rounds=3)
        cells = [
            cell("sequential", method="a", score=(0.1, 0.05, 0.2)),
            cell("sequential", method="b", score=(0.8, 0.7, 0.9)),
        ]
        assert advice(config, cells) == []

    def test_few_rounds(self) -> None:
        (found,) = advice(matrix(rounds=2), [BASELINE])
        assert (found.rule, "of 2 rounds" in found.text) == ("few_rounds", True)

    def test_no_baseline(self) -> None:
        found = said(cell("concurrent"), baseline=not_run("sequential"))
        assert "sequential, has no completed trial" in found["no_baseline"].text


class TestFastest:
    def test_the_highest_lower_bound_of_those_that_are_equivalent(self) -> None:
        found = said(
            cell("concurrent", speed=(3, 2.5, 3.5)),
            cell("batched", speed=(4, 1.2, 9)),
            cell("prefix", speed=(8, 7, 9), outcome="cannot_tell", identical=0.9),
        )
        assert (
            "use concurrent: 3 × [2.5, 3.5] as many questions a second as sequential" in found["fastest"].text
        )
        assert (
            "100.0 % of the answers the same, exact match equivalent within 2 points" in found["fastest"].text
        )
        assert "more_questions" not in found

    def test_one_that_cannot_be_told_asks_for_more_questions(self) -> None:
        found = said(cell("concurrent", speed=(3, 2.5, 3.5), outcome="cannot_tell", identical=0.97))
        assert "97.0 % of the answers the same" in found["more_questions"].text
        assert "cannot be told from 100 questions (−1.0 points [−3.0, 1.0])" in found["more_questions"].text
        assert "fastest" not in found

    def test_one_that_gave_no_other_answer(self) -> None:
        found = said(
            cell("concurrent", speed=(3, 2.5, 3.5), outcome="cannot_tell"),
            cell("batched", speed=(5, 4.5, 5.5), outcome="cannot_tell", identical=0.99),
        )
        assert "use concurrent" in found["same_answers"].text
        assert "all 300 answers are the same" in found["same_answers"].text
        assert "more_questions" not in found

    @pytest.mark.parametrize("speed", [(3.0, 0.9, 9.0), (3.0, None, None), (0.5, 0.4, 0.6)])
    def test_needs_an_interval_above_one(self, speed: tuple[float, float, float]) -> None:
        assert "fastest" not in said(cell("concurrent", speed=speed))

    @pytest.mark.parametrize("optimisation", ["cold", "warm"])
    def test_a_cell_that_measures_the_cache_is_no_way_to_call_a_model(self, optimisation: str) -> None:
        assert "fastest" not in said(cell(optimisation, speed=(90, 80, 99)))


def test_worse() -> None:
    found = said(cell("concurrent", speed=(3, 2, 4), outcome="worse"))
    assert found["worse"].kind == "avoid"
    assert "by −1.0 points [−3.0, 1.0]" in found["worse"].text


def test_slower() -> None:
    assert (
        "slower than sequential: 0.5 × [0.4, 0.6]"
        in said(cell("prefix", speed=(0.5, 0.4, 0.6)))["slower"].text
    )


def test_no_gain_names_all() -> None:
    found = said(cell("concurrent", speed=(1.1, 0.9, 1.3)), cell("prefix", speed=(1, 0.8, 1.2)))
    assert "concurrent (1.1 × [0.9, 1.3]), prefix (1 × [0.8, 1.2])" in found["no_gain"].text


@pytest.mark.parametrize(("p95", "speaks"), [(399.0, False), (400.0, True)])
def test_slow_tail_from_twice_the_latency(p95: float, speaks: bool) -> None:
    found = said(cell("concurrent", speed=(3, 2, 4), latency_p95_ms=p95))
    assert ("slow_tail" in found) is speaks


def test_batches_that_are_slower_than_calls_side_by_side() -> None:
    found = said(cell("concurrent", rate=(9, 8, 10)), cell("batched", rate=(5, 4, 6)))
    assert "concurrent gives 9.00 questions a second, batched 5.00" in found["no_batches"].text
    assert "no_batches" not in said(cell("concurrent", rate=(9, 5, 10)), cell("batched", rate=(5, 4, 6)))


class TestCache:
    def test_what_it_gives(self) -> None:
        found = said(
            cell("cold", rate=(2, 1, 3), usd_per_1000=1.5),
            cell("warm", rate=(100, 90, 110), hit_rate=1.0),
        )
        assert "100.0 % of the answers came from it, 50 times as many" in found["cache"].text
        assert "saves $1.50 of 1,000" in found["cache"].text

    def test_not_if_it_was_not_warm(self) -> None:
        assert "cache" not in said(cell("cold"), cell("warm", hit_rate=0.5))


@pytest.mark.parametrize(("rate", "speaks"), [(0.02, True), (0.6, False), (None, False)])
def test_little_reuse(rate: float | None, speaks: bool) -> None:
    assert ("little_reuse" in said(cell("prefix", prompt_cache_rate=rate))) is speaks


def test_rules_say_what_they_are() -> None:
    assert all(rule.__doc__ and rule.__doc__.startswith("``") for rule in RULES)

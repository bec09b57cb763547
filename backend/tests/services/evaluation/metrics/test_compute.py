import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.metrics import MetricValue, RunContext, RunFacts
from app.domain.prediction import ParseOutcome
from app.domain.status import FailureKind
from app.services.evaluation.metrics.compute import compute_metrics
from app.services.evaluation.metrics.single import REFERENCE_GPU_FLOPS, estimated_gpu_seconds
from app.services.evaluation.statistics.intervals import bca_mean, wilson
from tests.factories import facts, failed_facts, properties

UNREPORTED = {"reasoning": None, "cache_read": None, "cache_write": None}
BINARY = st.sampled_from([0.0, 1.0, None])
GRADED = st.sampled_from([0.0, 0.4, 0.5, 2 / 3, 0.8, 1.0, None])
ANSWERED = st.builds(
    facts,
    parse_outcome=st.sampled_from([outcome.value for outcome in ParseOutcome]),
    scores=st.fixed_dictionaries({"exact_match": BINARY, "f1": GRADED}),
    cached=st.booleans(),
    attempts=st.integers(0, 4),
    latency_ms=st.none() | st.floats(0.1, 1e5),
    prompt_tokens=st.none() | st.integers(0, 5000),
    completion_tokens=st.none() | st.integers(0, 5000),
    cost_usd=st.none() | st.floats(0, 1),
)
FAILED = st.builds(
    failed_facts, st.sampled_from([kind.value for kind in FailureKind]), attempts=st.integers(1, 5)
)
RUNS = st.lists(ANSWERED | FAILED, max_size=25)


def metrics(runs: list[RunFacts], **context: Any) -> dict[str, Any]:
    defaults = {"planned": len(runs), "wall_s": 10.0, "parameters": 135e6, "seed": 0}
    return compute_metrics(runs, RunContext(**{**defaults, **context})).as_dict()


def gpu_seconds(runs: list[RunFacts], parameters: float | None) -> MetricValue:
    return estimated_gpu_seconds(runs, RunContext(len(runs), None, parameters, 0))


class TestCounts:
    def test_each_kind_of_run(self) -> None:
        runs = [
            facts(),
            facts(cached=True, attempts=0),
            facts(parse_outcome="refusal", attempts=3),
            failed_facts("timeout", attempts=5),
            failed_facts("timeout"),
            failed_facts("auth"),
        ]
        assert metrics(runs, planned=10)["counts"] == {
            "planned": 10,
            "stored": 6,
            "ok": 3,
            "failed": 3,
            "missing": 4,
            "cached": 1,
            "retried": 2,
            "failures": {"timeout": 2, "auth": 1},
            "parse_outcomes": {"answered": 2, "refusal": 1},
        }

    @properties
    @given(RUNS, st.integers(0, 10))
    def test_add_up(self, runs: list[RunFacts], unstarted: int) -> None:
        counts = metrics(runs, planned=len(runs) + unstarted)["counts"]
        assert counts["ok"] + counts["failed"] == counts["stored"] == len(runs)
        assert counts["stored"] + counts["missing"] == counts["planned"]
        assert counts["missing"] == unstarted
        assert sum(counts["failures"].values()) == counts["failed"]
        assert sum(counts["parse_outcomes"].values()) == counts["ok"]
        assert counts["cached"] <= counts["ok"]


class TestScores:
    def test_binary_is_a_share_with_a_wilson_interval(self) -> None:
        scores = metrics([facts(scores={"exact_match": value}) for value in (1.0, 1.0, 0.0, 1.0)])["scores"]
        interval = wilson(3, 4)
        assert scores["exact_match"] == {
            "value": 0.75,
            "low": interval.low,
            "high": interval.high,
            "n": 4,
            "method": "wilson",
            "level": 0.95,
            "kind": "binary",
            "version": 3,
            "unscored": 0,
            "if_failed_were_wrong": 0.75,
        }

    def test_graded_is_a_mean_with_a_bootstrap_interval_by_the_seed(self) -> None:
        values = [0.0, 0.4, 0.5, 2 / 3, 1.0] * 5
        runs = [facts(scores={"f1": value}) for value in values]
        score = metrics(runs, seed=3)["scores"]["f1"]
        interval = bca_mean(values, 3)
        assert (score["value"], score["low"], score["high"]) == (interval.value, interval.low, interval.high)
        assert (score["method"], score["kind"], score["n"]) == ("bca", "graded", 25)

    @pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
    def test_a_few_equal_scores_are_no_certainty(self, value: float) -> None:
        score = metrics([facts(scores={"f1": value})] * 10)["scores"]["f1"]
        assert (score["value"], score["method"]) == (value, "likelihood")
        assert score["high"] - score["low"] > 0.25

    def test_repeats_add_nothing_if_the_answers_depend_on_the_question_alone(self) -> None:
        """30 questions, 11 right, asked ten times: the interval is that of 30 answers, not of 300."""
        runs = [
            facts(scores={"exact_match": float(number < 11)}, question=f"q{number}")
            for number in range(30)
            for _ in range(10)
        ]
        score = metrics(runs)["scores"]["exact_match"]
        assert (score["n"], score["method"]) == (300, "clustered")
        # The clustered t interval of 30 units is ± 18.3 points.
        assert (score["high"] - score["low"]) / 2 == pytest.approx(0.183, abs=0.003)

    def test_questions_on_one_document_are_not_independent(self) -> None:
        runs = [
            facts(
                scores={"f1": 0.1 * (number % 10), "faithful": float(number % 2)}, cluster=f"d{number % 10}"
            )
            for number in range(60)
        ]
        alone = [replace(run, cluster=None) for run in runs]
        found, other = metrics(runs), metrics(alone)
        for name in ("f1", "faithful"):
            ours, theirs = found["scores"][name], other["scores"][name]
            assert ours["high"] - ours["low"] > 2 * (theirs["high"] - theirs["low"])
        rates = [one["hallucination_rate"] for one in (found, other)]
        assert rates[0]["high"] - rates[0]["low"] > 2 * (rates[1]["high"] - rates[1]["low"])

    def test_one_question_alone_says_nothing_of_others(self) -> None:
        runs = [facts(scores={"exact_match": value}, question="q") for value in (1.0, 0.0, 1.0)]
        score = metrics(runs)["scores"]["exact_match"]
        assert (score["low"], score["high"]) == (0.0, 1.0)

    def test_failed_and_unscored_runs_are_no_zeros_but_could_be(self) -> None:
        runs = [
            facts(scores={"f1": 1.0}),
            facts(scores={"f1": 0.5}),
            facts(scores={"f1": None}),
            facts(scores={}),
            failed_facts(),
        ]
        score = metrics(runs)["scores"]["f1"]
        assert (score["value"], score["n"], score["unscored"]) == (0.75, 2, 2)
        assert score["if_failed_were_wrong"] == pytest.approx(1.5 / 5)

    def test_nothing_answered(self) -> None:
        assert metrics([failed_facts(), failed_facts()])["scores"] == {}

    def test_no_runs(self) -> None:
        assert metrics([], planned=5)["scores"] == {}

    @properties
    @given(RUNS)
    def test_interval_holds_the_mean_within_0_and_1(self, runs: list[RunFacts]) -> None:
        result = metrics(runs)
        for score in result["scores"].values():
            assert 0.0 <= score["low"] <= score["value"] <= score["high"] <= 1.0
            assert score["n"] + score["unscored"] == result["counts"]["ok"]
            assert score["if_failed_were_wrong"] <= score["value"] + 1e-12


class TestLatency:
    def test_percentiles_as_numpy_has_them(self) -> None:
        values = [50.0, 10.0, 40.0, 20.0, 1000.0]
        latency = metrics([facts(latency_ms=value) for value in values])["latency_ms"]
        p50, p95, p99 = np.percentile(values, [50, 95, 99])
        assert latency == pytest.approx(
            {"n": 5, "p50": p50, "p95": p95, "p99": p99, "min": 10.0, "max": 1000.0, "mean": 224.0}
        )

    def test_cached_failed_and_unknown_are_left_out(self) -> None:
        runs = [
            facts(latency_ms=30.0),
            facts(latency_ms=1.0, cached=True),
            facts(latency_ms=None),
            failed_facts(latency_ms=9999.0),
        ]
        latency = metrics(runs)["latency_ms"]
        assert (latency["n"], latency["min"], latency["max"]) == (1, 30.0, 30.0)

    def test_model_time_is_a_figure_of_its_own(self) -> None:
        runs = [
            facts(latency_ms=500.0, model_ms=100.0),
            facts(latency_ms=None, model_ms=900.0),  # partly from the cache
            facts(latency_ms=1.0, model_ms=1.0, cached=True),
        ]
        found = metrics(runs)
        assert (found["latency_ms"]["mean"], found["latency_ms"]["n"]) == (500.0, 1)
        assert (found["model_ms"]["mean"], found["model_ms"]["n"]) == (100.0, 1)

    def test_nothing_measured(self) -> None:
        latency = metrics([facts(cached=True)])["latency_ms"]
        assert latency == {"n": 0, **dict.fromkeys(("p50", "p95", "p99", "min", "max", "mean"))}


class TestThroughput:
    def test_fresh_answers_a_second(self) -> None:
        runs = [*[facts()] * 6, facts(cached=True), failed_facts()]
        assert metrics(runs, wall_s=3.0)["throughput_per_s"] == 2.0

    @pytest.mark.parametrize("wall_s", [None, 0.0])
    def test_unknown_time(self, wall_s: float | None) -> None:
        assert metrics([facts()], wall_s=wall_s)["throughput_per_s"] is None

    def test_all_cached(self) -> None:
        assert metrics([facts(cached=True)])["throughput_per_s"] is None


class TestTokens:
    def test_sums_of_what_is_known(self) -> None:
        runs = [facts(), facts(prompt_tokens=None), facts(completion_tokens=None), failed_facts()]
        assert metrics(runs)["tokens"] == {
            "prompt": 40,
            "completion": 10,
            "runs_without_counts": 2,
            **UNREPORTED,
        }

    def test_what_failed_runs_and_partly_cached_ones_paid(self) -> None:
        runs = [
            facts(),
            failed_facts(prompt_tokens=8, completion_tokens=2, cost_usd=0.5),
            facts(prompt_tokens=50, completion_tokens=10, paid_prompt_tokens=20, paid_completion_tokens=4),
            facts(cached=True),
        ]
        found = metrics(runs)
        assert found["tokens"] == {"prompt": 48, "completion": 11, "runs_without_counts": 0, **UNREPORTED}
        assert found["saved_tokens"] == {
            "prompt": 50,
            "completion": 11,
            "runs_without_counts": 0,
            **UNREPORTED,
        }
        assert found["tokens_per_answer"] == pytest.approx((25 + 60 + 25) / 3)

    def test_nothing_known_is_not_zero(self) -> None:
        runs = [facts(prompt_tokens=None, completion_tokens=None)]
        assert metrics(runs)["tokens"] == {
            "prompt": None,
            "completion": None,
            "runs_without_counts": 1,
            **UNREPORTED,
        }


class TestCost:
    def test_cached_answers_are_savings(self) -> None:
        runs = [facts(cost_usd=0.002), facts(cost_usd=0.004), facts(cost_usd=0.01, cached=True)]
        cost = metrics(runs)["cost_usd"]
        assert cost == pytest.approx({"total": 0.006, "per_1000_runs": 3.0, "saved_by_cache": 0.01})

    def test_one_unknown_price_makes_the_total_unknown(self) -> None:
        cost = metrics([facts(cost_usd=0.002), facts(cost_usd=None)])["cost_usd"]
        assert cost == {"total": None, "per_1000_runs": None, "saved_by_cache": 0.0}

    def test_unknown_savings_leave_the_total_known(self) -> None:
        cost = metrics([facts(cost_usd=0.002), facts(cost_usd=None, cached=True)])["cost_usd"]
        assert cost == pytest.approx({"total": 0.002, "per_1000_runs": 2.0, "saved_by_cache": None})

    def test_what_failed_runs_and_partly_cached_ones_paid(self) -> None:
        runs = [
            failed_facts(cost_usd=0.003, paid_usd=0.003),
            facts(cost_usd=0.0101, paid_usd=0.004),
            failed_facts(),
        ]
        cost = metrics(runs)["cost_usd"]
        assert cost == pytest.approx({"total": 0.007, "per_1000_runs": 10.1, "saved_by_cache": 0.0061})

    @pytest.mark.parametrize("run", [failed_facts(), facts(cost_usd=None, cached=True)])
    def test_without_a_price_nothing_is_known_to_be_free(self, run: RunFacts) -> None:
        assert metrics([run])["cost_usd"]["total"] is None

    def test_all_cached_costs_nothing(self) -> None:
        cost = metrics([facts(cost_usd=0.002, cached=True)])["cost_usd"]
        assert cost == {"total": 0.0, "per_1000_runs": None, "saved_by_cache": 0.002}


class TestEstimatedGpuSeconds:
    def test_two_operations_a_parameter_and_token(self) -> None:
        runs = [facts(prompt_tokens=90, completion_tokens=10)] * 3
        assert gpu_seconds(runs, 1e9) == pytest.approx(2 * 1e9 * 300 / REFERENCE_GPU_FLOPS)

    def test_of_failed_runs_as_well(self) -> None:
        runs = [facts(), failed_facts(prompt_tokens=20, completion_tokens=5)]
        assert gpu_seconds(runs, 1e9) == pytest.approx(2 * 1e9 * 50 / REFERENCE_GPU_FLOPS)

    def test_cached_answers_compute_nothing(self) -> None:
        fresh, cached = facts(), facts(cached=True, prompt_tokens=None)
        assert gpu_seconds([fresh, cached], 1e9) == gpu_seconds([fresh], 1e9)

    @pytest.mark.parametrize(
        ("run", "parameters"),
        [
            (facts(), None),
            (facts(prompt_tokens=None), 1e9),
            (facts(completion_tokens=None), 1e9),
            (facts(cached=True), 1e9),
        ],
        ids=["unknown_size", "unknown_prompt", "unknown_completion", "nothing_fresh"],
    )
    def test_unknown(self, run: RunFacts, parameters: float | None) -> None:
        assert gpu_seconds([run], parameters) is None


class TestAll:
    @properties
    @given(RUNS, st.randoms(use_true_random=False))
    def test_order_of_runs_does_not_matter(self, runs: list[RunFacts], random_: Any) -> None:
        shuffled = list(runs)
        random_.shuffle(shuffled)
        assert metrics(shuffled) == metrics(runs)

    @pytest.mark.parametrize("cached", [False, True])
    def test_order_of_runs_does_not_even_matter_to_rounding(self, cached: bool) -> None:
        runs = [
            facts(cost_usd=value, latency_ms=value, scores={"f1": value}, cached=cached)
            for value in (0.1, 0.2, 0.3)
        ]
        assert metrics(runs[::-1]) == metrics(runs)

    @properties
    @given(RUNS)
    def test_plain_json_without_nan(self, runs: list[RunFacts]) -> None:
        result = metrics(runs)
        assert json.loads(json.dumps(result, allow_nan=False)) == result

    def test_the_same_runs_twice(self) -> None:
        runs = [facts(), replace(facts(), cost_usd=0.1), failed_facts()]
        once, twice = metrics(runs), metrics(runs * 2)
        assert twice["counts"]["stored"] == 2 * once["counts"]["stored"]
        assert twice["scores"]["f1"]["value"] == once["scores"]["f1"]["value"]
        assert math.isclose(twice["cost_usd"]["total"], 2 * once["cost_usd"]["total"])
        assert twice["scores"]["exact_match"]["low"] > once["scores"]["exact_match"]["low"]

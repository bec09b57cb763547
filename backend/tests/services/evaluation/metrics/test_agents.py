"""Aggregates of agents, by examples computed by hand."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.metrics import RunContext
from app.domain.trace import USE_CLASSES, AgentOutcome, TraceSummary
from app.services.evaluation.metrics.agents import agent_statistics
from app.services.evaluation.metrics.compute import compute_metrics
from app.services.evaluation.metrics.figures import figures_of
from app.services.evaluation.metrics.stored import metrics_out
from app.services.evaluation.statistics.clustered import clustered_mean
from app.services.evaluation.statistics.intervals import wilson
from tests.factories import facts, failed_facts, properties


def uses(successful: int = 0, failed: int = 0, unneeded: int = 0) -> dict[str, int]:
    return {"successful": successful, "failed": failed, "unneeded": unneeded}


def trace(outcome: str = "answered", iterations: int = 2, repairs: int = 0, **tools: Any) -> TraceSummary:
    return {
        "outcome": outcome,
        "reason": "",
        "source": None,
        "iterations": iterations,
        "repairs": repairs,
        "uses": tools,
    }


def computed(*traces: TraceSummary) -> dict[str, Any]:
    found = agent_statistics(traces, seed=3)
    assert found is not None
    return asdict(found)


THREE = (
    trace("answered", 2, 0, retrieval=uses(1, 0, 1)),
    trace("stuck", 3, 1, retrieval=uses(0, 2, 1), calculator=uses(1)),
    trace("answered", 1, 2),
)
CLASSES = st.builds(uses, st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
TRACES = st.lists(
    st.builds(
        lambda outcome, iterations, repairs, tools: trace(outcome, iterations, repairs, **tools),
        st.sampled_from([outcome.value for outcome in AgentOutcome]),
        st.integers(0, 20),
        st.integers(0, 5),
        st.dictionaries(st.sampled_from(["retrieval", "calculator", "weather"]), CLASSES),
    ),
    min_size=1,
    max_size=12,
)


class TestByHand:
    def test_counts(self) -> None:
        found = computed(*THREE)
        assert (found["runs"], found["repairs"]) == (3, 3)
        assert found["outcomes"] == {
            "answered": 2,
            "iteration_limit": 0,
            "stuck": 1,
            "parse_failure": 0,
            "tool_failure": 0,
            "context_overflow": 0,
            "failed": 0,
        }

    def test_shares_have_wilson_intervals(self) -> None:
        found = computed(*THREE)
        for name, count in (("success_rate", 2), ("stuck_rate", 1)):
            interval = wilson(count, 3)
            assert found[name]["value"] == pytest.approx(count / 3)
            assert (found[name]["low"], found[name]["high"]) == (interval.low, interval.high)
            assert (found[name]["n"], found[name]["method"]) == (3, "wilson")

    def test_iterations_are_a_mean_by_the_seed(self) -> None:
        iterations = computed(*THREE)["iterations"]
        expected = clustered_mean([2.0, 3.0, 1.0])
        assert (iterations["value"], iterations["n"], iterations["method"]) == (2.0, 3, "clustered")
        assert (iterations["low"], iterations["high"]) == (expected.low, expected.high)

    def test_tools_are_summed_the_most_used_first(self) -> None:
        assert list(computed(*THREE)["tools"].items()) == [
            ("retrieval", uses(1, 2, 2)),
            ("calculator", uses(1)),
        ]
        tied = computed(trace(b=uses(1)), trace(a=uses(0, 1)))["tools"]
        assert list(tied) == ["a", "b"]

    def test_failed_uses_are_a_share_of_all_with_the_runs_as_clusters(self) -> None:
        share = computed(*THREE)["failed_uses"]
        expected = clustered_mean([0.0, 0.0, 1.0, 1.0, 0.0, 0.0], [0, 0, 1, 1, 1, 1])
        assert (share["value"], share["n"], share["method"]) == (pytest.approx(2 / 6), 6, "clustered")
        assert share["low"] == max(0.0, expected.low)
        assert share["high"] == min(1.0, expected.high)

    @pytest.mark.parametrize(("kind", "value"), [("failed", 1.0), ("successful", 0.0)])
    def test_of_uses_that_are_all_alike_the_runs_are_the_units(self, kind: str, value: float) -> None:
        one = trace(retrieval=uses(**{kind: 5}))
        share = computed(one, one, trace())["failed_uses"]
        interval = wilson(2 if value else 0, 2)
        assert (share["value"], share["n"], share["method"]) == (value, 10, "wilson")
        assert (share["low"], share["high"]) == (interval.low, interval.high)

    def test_repeats_of_one_question_belong_together(self) -> None:
        traces = [trace("answered" if number % 4 else "stuck", number % 4 + 1) for number in range(40)]
        units = [f"q{number % 4}" for number in range(40)]
        ours, theirs = agent_statistics(traces, 3, units), agent_statistics(traces, 3)
        assert ours is not None
        assert theirs is not None
        for name in ("success_rate", "stuck_rate", "iterations"):
            one, other = getattr(ours, name), getattr(theirs, name)
            assert (one.value, one.method) == (other.value, "clustered")
            assert one.high - one.low > 1.5 * (other.high - other.low), name

    def test_equal_steps_have_no_interval_to_show(self) -> None:
        whole = compute_metrics([facts(trace=trace("answered", 4)) for _ in range(3)], CONTEXT)
        (steps,) = [one for one in figures_of(whole) if one.name == "agent_iterations"]
        assert (steps.value, steps.low, steps.high) == (4.0, None, None)
        assert "no interval" in steps.note

    def test_of_no_uses_there_is_no_share(self) -> None:
        assert computed(trace(), trace())["failed_uses"] is None
        assert computed(trace())["tools"] == {}

    def test_no_traces(self) -> None:
        assert agent_statistics([], 0) is None


class TestAnyTraces:
    @properties
    @given(TRACES)
    def test_uses_and_outcomes_sum_to_all(self, traces: list[TraceSummary]) -> None:
        found = computed(*traces)
        assert sum(found["outcomes"].values()) == found["runs"] == len(traces)
        total = sum(sum(counts.values()) for one in traces for counts in one["uses"].values())
        assert sum(sum(counts.values()) for counts in found["tools"].values()) == total
        assert all(tuple(counts) == USE_CLASSES for counts in found["tools"].values())
        assert found["failed_uses"] is None or found["failed_uses"]["n"] == total

    @properties
    @given(TRACES)
    def test_intervals_hold_their_values(self, traces: list[TraceSummary]) -> None:
        found = computed(*traces)
        for name in ("success_rate", "stuck_rate", "iterations"):
            assert found[name]["low"] <= found[name]["value"] <= found[name]["high"], name

    @properties
    @given(TRACES)
    def test_are_json_that_the_api_serves(self, traces: list[TraceSummary]) -> None:
        whole = compute_metrics([facts(trace=one) for one in traces], CONTEXT).as_dict()
        agent = metrics_out(json.loads(json.dumps(whole))).agent
        assert agent is not None
        assert agent.runs == len(traces)


CONTEXT = RunContext(planned=2, wall_s=1.0, parameters=None, seed=0)


class TestInMetrics:
    def test_failed_runs_count(self) -> None:
        agent = compute_metrics(
            [facts(trace=trace()), failed_facts(trace=trace("failed"))], CONTEXT
        ).as_dict()["agent"]
        assert (agent["runs"], agent["outcomes"]["failed"]) == (2, 1)

    def test_of_other_methods_there_is_nothing(self) -> None:
        assert compute_metrics([facts()], CONTEXT).agent is None

    def test_of_before_there_were_agents_are_still_served(self) -> None:
        old = compute_metrics([facts()], CONTEXT).as_dict()
        del old["agent"]
        assert metrics_out(old).agent is None

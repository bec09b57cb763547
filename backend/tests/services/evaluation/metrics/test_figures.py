"""Tests of the figures that describe a result."""

from typing import Any

import pytest

from app.domain.metrics import Figure, FigureDescription, RunContext, RunFacts
from app.services.evaluation.metrics.compute import compute_metrics
from app.services.evaluation.metrics.figures import figures_of
from app.services.evaluation.metrics.registry import MetricRegistry
from app.services.evaluation.metrics.single import WALL_TIME, Metric
from app.services.evaluation.metrics.stored import metrics_out, read_metrics
from tests.factories import facts, failed_facts

TRACE: Any = {
    "outcome": "answered",
    "reason": "",
    "source": None,
    "iterations": 2,
    "repairs": 0,
    "uses": {"calculator": {"successful": 1, "failed": 0, "unneeded": 0}},
}
ALL = {"exact_match": 1.0, "mrr": 0.5, "faithful": 0.0, "old_score": 0.2}


def computed(*runs: RunFacts, **context: Any) -> dict[str, Figure]:
    about: dict[str, Any] = {"planned": len(runs), "wall_s": 2.0, "parameters": 1e9, "seed": 0, **context}
    figures = figures_of(compute_metrics(runs, RunContext(**about)))
    assert len({figure.name for figure in figures}) == len(figures)
    return {figure.name: figure for figure in figures}


class TestFigures:
    def test_those_of_a_group_follow_each_other(self) -> None:
        groups = [one.group for one in computed(facts(scores=ALL, trace=TRACE), failed_facts()).values()]
        blocks = [one for place, one in enumerate(groups) if place == 0 or groups[place - 1] != one]
        assert blocks == ["answer", "retrieval", "faithfulness", "agent", "runs", "speed", "tokens", "cost"]

    def test_scores_have_label_interval_and_what_limits_them(self) -> None:
        runs = [facts(scores={"mrr": 0.5, "exact_match": 1.0}), facts(scores={"mrr": None}), failed_facts()]
        found = computed(*runs)
        score = found["exact_match"]
        assert (score.label, score.group, score.format, score.n) == ("Exact match", "answer", "share", 1)
        assert (score.value, score.high, score.basis) == (1.0, 1.0, "wilson")
        assert score.note == "1 without this score; 33.3 % if what failed counted as wrong"
        assert (found["mrr"].label, found["mrr"].note) == ("MRR", "1 without this score")

    def test_counts_of_0_and_what_does_not_apply_are_left_out(self) -> None:
        found = computed(facts())
        assert found["runs_failed"].value == 0
        absent = {"runs_missing", "runs_cached", "runs_retried", "hallucination_rate", "agent_success_rate"}
        assert not absent & set(found)

    def test_a_share_of_0_is_shown(self) -> None:
        assert computed(facts(scores={"faithful": 1.0}))["hallucination_rate"].value == 0.0

    def test_the_gpu_time_is_shown_where_the_size_is_known(self) -> None:
        assert computed(facts())["gpu_seconds_estimate"].unit == "GPU s"
        assert "gpu_seconds_estimate" not in computed(facts(), parameters=None)

    def test_unknown_counts_and_prices_are_said(self) -> None:
        found = computed(facts(), facts(completion_tokens=None, cost_usd=None))
        assert found["tokens_completion"].warning == "1 runs without counts"
        assert (found["cost_usd"].value, found["cost_usd"].note) == (None, "no price or no token counts")


class TestStored:
    def test_metrics_are_read_as_they_were_computed(self) -> None:
        metrics = compute_metrics(
            [facts(scores=ALL, trace=TRACE), failed_facts()], RunContext(2, 1.0, 1e9, 0)
        )
        assert read_metrics(metrics.as_dict()) == metrics

    def test_results_of_before_some_metrics_are_described_too(self) -> None:
        stored = compute_metrics([facts()], RunContext(1, 1.0, None, 0)).as_dict()
        for name in ("attribution", "agent", "hallucination_rate", "gpu_seconds_estimate"):
            del stored[name]
        sent = metrics_out({**stored, "of_a_plugin_that_is_gone": 3})
        assert (sent.hallucination_rate, sent.gpu_seconds_estimate, sent.agent) == (None, None, None)
        assert "exact_match" in {figure.name for figure in sent.figures}


@pytest.mark.parametrize("name", ["wall_s", "scores"])
def test_metrics_have_names_of_their_own(name: str) -> None:
    other = Metric(FigureDescription(name=name, label="", group=""), lambda *_: None)
    with pytest.raises(ValueError, match="already"):
        MetricRegistry([WALL_TIME, other])


@pytest.mark.parametrize(
    ("run", "note"), [({"cached": True}, ""), ({}, "not known"), ({"latency_ms": 9.0}, "")]
)
def test_a_latency_that_nobody_knows_is_called_so(run: dict[str, Any], note: str) -> None:
    found = computed(facts(**{"latency_ms": None, "model_ms": None, **run}))
    assert found["latency_p50_ms"].note == found["model_time_p50_ms"].note == note

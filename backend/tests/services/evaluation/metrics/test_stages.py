"""Tests of the profile of an experiment's stages."""

from typing import Any

import orjson
import pytest

from app.domain.metrics import RunContext, RunFacts
from app.services.evaluation.metrics.compute import compute_metrics
from app.services.evaluation.metrics.figures import figures_of
from app.services.evaluation.metrics.stored import metrics_out, read_metrics

CONTEXT = RunContext(planned=4, wall_s=1.0, parameters=None, seed=0)


def run(*stages: tuple[str, int], **fields: Any) -> RunFacts:
    """Return the facts of an answered run with these stages, in microseconds."""
    values: dict[str, Any] = {"cached": False, "attempts": 1, "latency_ms": 5.0, **fields}
    stored = orjson.dumps([[name, micros] for name, micros in stages]).decode() if stages else None
    return RunFacts(
        ok=values.pop("ok", True),
        failure_kind=None,
        parse_outcome=None,
        scores={},
        prompt_tokens=1,
        completion_tokens=1,
        cost_usd=None,
        stages=stored,
        **values,
    )


def test_counts_what_a_run_did_not_go_through_as_no_time() -> None:
    runs = [
        run(("slot", 6_000), ("call", 10_000), ("storing", 1_000)),
        run(("failed_call", 4_000), ("call", 20_000), ("storing", 1_000)),
        run(("call", 30_000), ("call", 27_000), ("storing", 1_000)),
    ]
    profile = compute_metrics(runs, CONTEXT).stages
    assert profile is not None
    assert (profile.runs, profile.wall_p50_ms, profile.own_p50_ms) == (3, 25.0, 25.0)
    assert profile.own_p95_ms == pytest.approx(54.7)
    found = {one.name: one for one in profile.stages}
    assert list(found) == ["slot", "failed_call", "call", "storing"]
    assert (found["slot"].p50_ms, found["slot"].mean_ms, found["slot"].share) == (0.0, 2.0, 0.06)
    assert (found["call"].p50_ms, found["call"].mean_ms) == (20.0, 29.0)
    assert found["call"].share == pytest.approx(0.87)


def test_takes_cached_failed_partly_cached_and_earlier_runs_apart() -> None:
    runs = [
        run(("call", 1_000)),
        run(("lookup", 2_000), cached=True),
        run(("call", 9_000), latency_ms=None),
        run(("failed_call", 9_000), ok=False, latency_ms=None),
        run(),
    ]
    metrics = compute_metrics(runs, CONTEXT)
    assert metrics.stages is not None
    assert metrics.cached_stages is not None
    assert [one.name for one in metrics.stages.stages] == ["call"]
    assert [one.name for one in metrics.cached_stages.stages] == ["lookup"]
    assert (metrics.stages.runs, metrics.cached_stages.runs) == (1, 1)


def test_first_tokens_are_those_of_calls() -> None:
    runs = [
        run(("first_token", 1_000), ("rest", 9_000), ("first_token", 3_000), ("rest", 1)),
        run(("call", 5)),
    ]
    metrics = compute_metrics(runs, CONTEXT)
    assert metrics.first_token_ms is not None
    assert (metrics.first_token_ms.n, metrics.first_token_ms.p50) == (2, 2.0)
    shown = {one.name: one for one in figures_of(metrics)}
    assert (shown["first_token_p50_ms"].value, shown["first_token_p50_ms"].basis) == (2.0, "calls")
    assert shown["first_token_p95_ms"].value == pytest.approx(2.9)


def test_first_tokens_that_were_not_measured_are_said_so() -> None:
    shown = {one.name: one for one in figures_of(compute_metrics([run(("call", 5))], CONTEXT))}
    assert (shown["first_token_p50_ms"].value, shown["first_token_p50_ms"].note) == (None, "not measured")


def test_is_stored_and_read_back() -> None:
    metrics = compute_metrics([run(("prompt", 10), ("call", 990))], CONTEXT)
    stored = orjson.loads(orjson.dumps(metrics.as_dict()))
    assert read_metrics(stored).stages == metrics.stages
    out = metrics_out(stored).stages
    assert out is not None
    assert [(one.name, one.label, one.group, one.waits) for one in out.stages] == [
        ("prompt", "Prompt", "prompt", False),
        ("call", "Model call", "model", False),
    ]
    assert out.bottleneck == "Of a question's 1.0 ms at the median, 99 % is the model's answer."


def test_earlier_results_say_nothing() -> None:
    metrics = compute_metrics([run()], CONTEXT)
    assert (metrics.stages, metrics.cached_stages, metrics.first_token_ms) == (None, None, None)
    assert not any(one.name.startswith("first_token") for one in figures_of(metrics))
    stored = metrics.as_dict()
    for name in ("stages", "cached_stages", "first_token_ms"):
        del stored[name]
    assert metrics_out(stored).stages is None

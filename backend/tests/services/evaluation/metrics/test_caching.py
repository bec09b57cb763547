"""What caches did, as the result of an experiment says it."""

from dataclasses import replace
from typing import Any

from app.domain.generation import Usage
from app.domain.metrics import CacheStatistics, Figure, RunContext, RunFacts
from app.services.evaluation.metrics.caching import cache_statistics
from app.services.evaluation.metrics.compute import compute_metrics
from app.services.evaluation.metrics.figures import figures_of
from app.services.execution.cache_use import cache_use_of
from tests.engines import answered
from tests.factories import facts, failed_facts


def figures(*runs: RunFacts) -> dict[str, Figure]:
    metrics = compute_metrics(runs, RunContext(len(runs), 2.0, None, 0))
    return {figure.name: figure for figure in figures_of(metrics)}


def hit(tier: str = "memory", saved_ms: float = 200.0, **fields: Any) -> RunFacts:
    return facts(cached=True, answered_calls=1, cache_use={tier: 1, "saved_ms": saved_ms}, **fields)


class TestOfARun:
    def test_a_call_that_was_made_is_counted_alone(self) -> None:
        assert cache_use_of([answered()]) == {"answered_calls": 1, "cache_use": None}

    def test_tiers_and_what_they_saved(self) -> None:
        calls = [
            replace(answered(), cached=True, cache_tier=tier) for tier in ("memory", "memory", "resumed")
        ]
        assert cache_use_of([*calls, answered()]) == {
            "answered_calls": 4,
            "cache_use": {"memory": 2, "resumed": 1, "saved_ms": 750.0},
        }

    def test_the_prompt_cache_is_that_of_calls_that_were_made_and_told(self) -> None:
        told = Usage(100, 5, cache_read_tokens=64)
        calls = [
            answered(usage=told),
            answered(usage=Usage(50, 5, cache_read_tokens=0)),
            answered(usage=Usage(1000, 5)),
            replace(answered(usage=told), cached=True, cache_tier="memory"),
        ]
        use = cache_use_of(calls)["cache_use"]
        assert use == {"queried_tokens": 150, "read_tokens": 64, "memory": 1, "saved_ms": 250.0}


class TestStatistics:
    def test_all_is_summed(self) -> None:
        told = facts(answered_calls=2, cache_use={"queried_tokens": 80, "read_tokens": 20})
        partly = failed_facts(answered_calls=1, cache_use={"database": 1, "saved_ms": 100.0}, cost_usd=0.004)
        found = cache_statistics([hit(cost_usd=0.002), hit("resumed", cost_usd=0.003), told, partly])
        assert found == CacheStatistics(5, 1, 1, 1, 500.0, 0.005, 80, 20)

    def test_runs_of_before_are_not_known(self) -> None:
        assert cache_statistics([facts(), hit()]) is None

    def test_a_failed_run_without_an_answer_does_not_hinder(self) -> None:
        found = cache_statistics([failed_facts(), hit()])
        assert found is not None
        assert found.hits == found.calls == 1


class TestFigures:
    def test_hit_rates_by_tier(self) -> None:
        found = figures(hit(), hit("database"), facts(answered_calls=2))
        rates = {name: figure.value for name, figure in found.items() if "hit_rate" in name}
        assert rates == {
            "cache_hit_rate": 0.5,
            "cache_hit_rate_memory": 0.25,
            "cache_hit_rate_database": 0.25,
            "prompt_cache_hit_rate": None,
        }
        assert found["cache_hit_rate"].n == 4

    def test_what_a_hit_saves_is_never_paid(self) -> None:
        found = figures(hit(cost_usd=0.002, saved_ms=100.0), hit(cost_usd=0.004), facts(answered_calls=1))
        assert (found["cache_saved_ms"].value, found["cache_saved_ms_a_hit"].value) == (300.0, 150.0)
        assert found["cost_saved_by_cache_usd"].value == 0.006
        assert found["cost_saved_by_cache_a_hit_usd"].value == 0.003
        assert found["cost_usd"].value == 0.001

    def test_without_hits_nothing_was_saved(self) -> None:
        assert not {"cache_saved_ms", "cost_saved_by_cache_a_hit_usd"} & set(figures(facts(answered_calls=1)))

    def test_the_prompt_cache_in_tokens(self) -> None:
        use = {"queried_tokens": 200, "read_tokens": 50}
        found = figures(facts(answered_calls=1, cache_use=use), facts(answered_calls=1))
        assert (found["prompt_cache_hit_rate"].value, found["prompt_cache_hit_rate"].n) == (0.25, 200)

    def test_what_the_server_does_not_say_is_not_known(self) -> None:
        assert figures(facts(answered_calls=1))["prompt_cache_hit_rate"].note == (
            "not known: the server does not say"
        )
        assert figures(hit())["prompt_cache_hit_rate"].note == "not known: no call was made"

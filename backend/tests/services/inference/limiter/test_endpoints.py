"""Limiter and retries together on endpoints with the limits of real ones: nothing lost, little wasted.

All in virtual time, so that minutes cost nothing and the outcome is the same on any machine.
``ideal_s`` is the time that a client would take that knew the endpoint's limits.
"""

from typing import Any

import pytest

from app.domain.status import FailureKind
from app.services.inference.base import EngineError
from tests.services.inference.endpoints import Endpoint, Load, put_load


def assert_all_answered(load: Load[Any], calls: int) -> None:
    assert [str(error) for error in load.failures] == []
    assert len(load.endpoint.answers) == calls
    assert set(load.endpoint.answers.values()) == {1}
    assert load.limiter.in_flight == 0


class TestNoLimit:
    @pytest.mark.parametrize("latency_s", [0.1, 2.0, 10.0])
    def test_is_used_to_the_full(self, latency_s: float) -> None:
        load = put_load(Endpoint(latency_s), 1_000, 64)
        assert_all_answered(load, 1_000)
        assert load.endpoint.tries.total() == 1_000
        assert load.mean_in_flight > 55


class TestFaults:
    @pytest.mark.parametrize("latency_s", [0.1, 2.0])
    def test_a_fifth_of_the_prompts_fails_once(self, latency_s: float) -> None:
        load = put_load(Endpoint(latency_s, fails_once=0.2), 1_000, 64)
        assert_all_answered(load, 1_000)
        retried = [tries for tries in load.endpoint.tries.values() if tries > 1]
        assert set(retried) == {2}
        assert 150 < len(retried) < 250
        assert load.took_s < 1.5 * 1_000 / 64 * latency_s

    @pytest.mark.parametrize("concurrency", [64, 4])
    @pytest.mark.parametrize("latency_s", [0.1, 2.0])
    def test_random_429s_do_not_collapse_the_limit(self, latency_s: float, concurrency: int) -> None:
        load = put_load(Endpoint(latency_s, random_429s=0.1), 1_000, concurrency)
        assert len(load.failures) <= 2  # one request in ten thousand gets four 429s
        assert load.limiter.limit > 0.75 * concurrency

    @pytest.mark.parametrize("concurrency", [64, 4])
    def test_prompts_that_always_get_a_429_get_four_attempts(self, concurrency: int) -> None:
        load = put_load(Endpoint(0.1, always_rejected=0.05), 1_000, concurrency)
        endpoint = load.endpoint
        rejected = [prompt for prompt in endpoint.tries if prompt not in endpoint.answers]
        assert 30 < len(rejected) < 75
        assert {endpoint.tries[prompt] for prompt in rejected} == {4}
        assert {endpoint.tries[prompt] for prompt in endpoint.answers} == {1}
        assert {error.kind for error in load.failures} == {FailureKind.RATE_LIMIT}
        assert {error.attempts for error in load.failures} == {4}
        assert len(load.failures) == len(rejected)
        # If only such ones are left, they cannot be told from a rate limit before minutes have passed.
        assert load.took_s < 1_000 / concurrency * 0.1 * 2 + 200


class TestConcurrencyLimit:
    @pytest.mark.parametrize("retry_after", [None, 1.0])
    @pytest.mark.parametrize("latency_s", [0.1, 1.0, 10.0])
    @pytest.mark.parametrize(
        ("cap", "calls", "used", "rejected"),
        [(1, 200, 0.7, 140), (16, 1_000, 0.9, 100), (60, 1_000, 0.5, 40)],
    )
    def test_settles_there(
        self, cap: int, calls: int, used: float, rejected: int, latency_s: float, retry_after: float | None
    ) -> None:
        load = put_load(Endpoint(latency_s, cap=cap, retry_after=retry_after), calls, 64)
        assert_all_answered(load, calls)
        assert used * cap < load.mean_in_flight <= cap
        assert load.limiter.limit <= cap + 2
        assert load.endpoint.rejected < rejected
        assert max(load.endpoint.tries.values()) <= 2

    def test_with_faults_on_top(self) -> None:
        load = put_load(Endpoint(0.5, cap=16, fails_once=0.2), 1_000, 64)
        assert_all_answered(load, 1_000)
        assert load.mean_in_flight > 13

    def test_that_is_lifted(self) -> None:
        load = put_load(Endpoint(0.1, cap=lambda at: 16 if at < 5 else 1_000), 6_000, 64)
        assert_all_answered(load, 6_000)
        assert load.limiter.limit > 40

    def test_that_comes_later(self) -> None:
        load = put_load(Endpoint(0.1, cap=lambda at: 64 if at < 3 else 8), 3_000, 64)
        assert_all_answered(load, 3_000)
        assert 6 <= load.limiter.limit <= 11
        assert load.endpoint.rejected < 150


class TestRateLimit:
    @pytest.mark.parametrize("retry_after", [None, 0.0, 1.0, "exact"])
    @pytest.mark.parametrize("concurrency", [64, 16, 4])
    @pytest.mark.parametrize("latency_s", [0.1, 2.0])
    def test_by_the_minute(self, latency_s: float, concurrency: int, retry_after: Any) -> None:
        endpoint = Endpoint(latency_s, per_window=120, retry_after=retry_after)
        load = put_load(endpoint, 500, concurrency)
        assert_all_answered(load, 500)
        ideal_s = max(240.0, 500 * latency_s / concurrency)
        assert load.took_s < 1.3 * ideal_s
        assert endpoint.rejected < 90

    @pytest.mark.parametrize("retry_after", [None, "exact"])
    def test_of_slow_answers(self, retry_after: Any) -> None:
        load = put_load(Endpoint(10.0, per_window=120, retry_after=retry_after), 500, 64)
        assert_all_answered(load, 500)
        assert load.took_s < 1.6 * 250

    @pytest.mark.parametrize("latency_s", [1.0, 10.0])
    def test_of_few_a_minute(self, latency_s: float) -> None:
        load = put_load(Endpoint(latency_s, per_window=10), 60, 8)
        assert_all_answered(load, 60)
        assert load.took_s < 2 * 300

    def test_with_one_call_at_a_time(self) -> None:
        load = put_load(Endpoint(0.1, per_window=120), 300, 1)
        assert_all_answered(load, 300)
        assert load.took_s < 2 * 130

    @pytest.mark.parametrize(
        ("rate", "size", "latency_s", "calls"),
        [(2, 10, 1.0, 500), (20, 100, 1.0, 2_000), (10, 60, 2.0, 1_500)],
    )
    def test_that_flows_steadily(self, rate: float, size: float, latency_s: float, calls: int) -> None:
        load = put_load(Endpoint(latency_s, bucket=(rate, size)), calls, 64)
        assert_all_answered(load, calls)
        assert load.took_s < 1.3 * (calls - size) / rate
        assert load.endpoint.rejected < 0.45 * calls

    def test_together_with_a_concurrency_limit(self) -> None:
        load = put_load(Endpoint(2.0, cap=16, per_window=600), 1_500, 64)
        assert_all_answered(load, 1_500)
        assert load.took_s < 1.3 * 1_500 * 2 / 16


class TestDeadEndpoint:
    @pytest.mark.parametrize("retry_after", [None, 1.0])
    def test_is_given_up_when_patience_ends(self, retry_after: float | None) -> None:
        load = put_load(Endpoint(always_rejected=1.1, retry_after=retry_after), 1_000, 16, patience_s=300)
        kinds = [error.kind for error in load.failures]
        assert kinds[-1] is FailureKind.QUOTA
        assert load.endpoint.tries.total() < 200
        assert max(load.endpoint.tries.values()) <= 4
        last: EngineError = load.failures[-1]
        assert "refused all calls for longer than LLMFORGE_RATE_LIMIT_PATIENCE_S (300 s)" in last.message

    def test_that_comes_back_is_used_again(self) -> None:
        load = put_load(Endpoint(0.5, cap=lambda at: 0 if 5 < at < 100 else 64), 2_000, 64)
        assert_all_answered(load, 2_000)
        assert load.took_s < 95 + 2 * 2_000 / 64 * 0.5

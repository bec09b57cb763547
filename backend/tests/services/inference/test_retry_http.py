"""Engine, limiter and retries together over real HTTP: what the fake server counts is what matters."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from app.domain.generation import GenerationResult
from app.domain.status import FailureKind
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.retry import RetryingEngine
from tests.fixtures.fake_llm import FakeLLM
from tests.fixtures.fake_llm_behaviour import hash_answer
from tests.services.inference.conftest import OpenEngine
from tests.services.inference.steps import failure_of, parted, prompt_of, request, requests

OpenRetrying = Callable[..., tuple[RetryingEngine, AdaptiveLimiter]]


@pytest.fixture
def retrying(open_engine: OpenEngine) -> OpenRetrying:
    """Opens an engine as an experiment does."""

    def open_(concurrency: int = 64, **how: Any) -> tuple[RetryingEngine, AdaptiveLimiter]:
        limiter = AdaptiveLimiter(concurrency)
        return RetryingEngine(open_engine(**how), limiter, 4, 600), limiter

    return open_


def assert_all_answered(fake: FakeLLM, count: int, outcomes: list[Any]) -> None:
    results, errors = parted(outcomes)
    assert [str(error) for error in errors] == []
    assert [each.text for each in results] == [hash_answer(prompt_of(call)) for call in requests(count)]
    assert fake.stats.answered == count
    assert set(fake.stats.answers.values()) == {1}


class TestFaultsOfAFifth:
    async def test_none_is_lost(self, fake: FakeLLM, retrying: OpenRetrying) -> None:
        kinds = ("err429_rate", "err500_rate", "reset_rate", "malformed_rate")
        fake.set(latency_ms=5, **dict.fromkeys(kinds, 0.05))
        engine, limiter = retrying(64)
        outcomes = await engine.generate_batch(requests(1_000))
        assert_all_answered(fake, 1_000, outcomes)
        faults = fake.stats.faults
        assert all(faults[kind] > 20 for kind in ("err429", "err500", "reset", "malformed"))
        assert fake.stats.requests == 1_000 + faults.total()
        assert set(fake.stats.tries.values()) == {1, 2}
        assert fake.stats.max_in_flight <= 64
        assert limiter.in_flight == 0

    async def test_attempts_are_counted(self, fake: FakeLLM, retrying: OpenRetrying) -> None:
        fake.set(err500_rate=0.3, fault_tries=2)
        engine, _ = retrying(8)
        results, _ = parted(await engine.generate_batch(requests(100)))
        made = Counter(result.attempts for result in results)
        assert set(made) == {1, 3}
        assert made == Counter(fake.stats.tries.values())


class TestConcurrencyLimit:
    async def test_of_16_where_64_are_wanted(self, fake: FakeLLM, retrying: OpenRetrying) -> None:
        fake.set(latency_ms=40, max_in_flight_cap=16)
        engine, limiter = retrying(64)
        outcomes = await engine.generate_batch(requests(600))
        assert_all_answered(fake, 600, outcomes)
        assert fake.stats.max_in_flight == 16
        assert 8 <= limiter.limit <= 24
        assert fake.stats.faults["cap"] < 400
        assert max(fake.stats.tries.values()) <= 4


class TestRateLimit:
    @pytest.mark.parametrize("retry_after", ["exact", ""])
    async def test_of_60_a_window(self, fake: FakeLLM, retrying: OpenRetrying, retry_after: str) -> None:
        fake.set(latency_ms=10, rpm=60, window_s=1, retry_after=retry_after)
        engine, _ = retrying(16)
        outcomes = await engine.generate_batch(requests(150))
        assert_all_answered(fake, 150, outcomes)
        assert fake.stats.faults["rpm"] < 75


class TestSticky:
    async def test_four_attempts_and_no_more(self, fake: FakeLLM, retrying: OpenRetrying) -> None:
        kinds = ("err500_rate", "reset_rate", "malformed_rate")
        fake.set(latency_ms=5, sticky=True, **dict.fromkeys(kinds, 0.07))
        engine, _ = retrying(64)
        results, errors = parted(await engine.generate_batch(requests(500)))
        assert {error.kind for error in errors} == {
            FailureKind.SERVER,
            FailureKind.CONNECTION,
            FailureKind.MALFORMED,
        }
        assert {error.attempts for error in errors} == {4}
        assert Counter(fake.stats.tries.values()) == {1: len(results), 4: len(errors)}

    async def test_always_rejected_prompts_among_others(self, fake: FakeLLM, retrying: OpenRetrying) -> None:
        fake.set(latency_ms=5, sticky=True, err429_rate=0.02)
        calls = requests(1_500)
        doomed = [call for call in calls if fake.behaviour.dooms(prompt_of(call))]
        well = [call for call in calls if call not in doomed]
        # At the end they could not be told from a rate limit, and would be waited for.
        between = [call for pair in zip(well[200:], doomed, strict=False) for call in pair]
        rest = [call for call in well if call not in between]
        engine, _ = retrying(64)
        results, errors = parted(await engine.generate_batch(rest[:200] + between + rest[200:]))
        assert len(errors) == len(doomed) > 10
        assert Counter(fake.stats.tries.values()) == {1: len(results), 4: len(errors)}
        assert {error.kind for error in errors} == {FailureKind.RATE_LIMIT}


class TestWaiting:
    async def test_retry_after(self, fake: FakeLLM, retrying: OpenRetrying) -> None:
        fake.set(err429_rate=1, retry_after="0.4")
        engine, _ = retrying(4)
        result = await engine.generate(request())
        assert result.attempts == 2
        assert fake.stats.last_at - fake.stats.first_at >= 0.4

    async def test_longer_than_patience(self, fake: FakeLLM, retrying: OpenRetrying) -> None:
        fake.set(err429_rate=1, retry_after="86400")
        engine, _ = retrying(4)
        error = await failure_of(engine)
        assert error.kind is FailureKind.QUOTA
        assert "86400 s" in error.message
        assert "Rate limit reached" in error.message
        assert fake.stats.requests == 1

    async def test_latency_leaves_out_waiting(self, fake: FakeLLM, retrying: OpenRetrying) -> None:
        fake.set(err429_rate=1, retry_after="1.5", latency_ms=20)
        engine, _ = retrying(4)
        result = await engine.generate(request())
        assert isinstance(result, GenerationResult)
        assert 0.019 <= (result.latency_s or 0) < fake.stats.last_at - fake.stats.first_at - 1.4

"""The retry layer: what is retried, how often, after how long, and what that costs other requests."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.services.inference.base import EngineError
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.retry import RetryingEngine
from tests.engines import ScriptedEngine, answered
from tests.services.inference.steps import failure_of, prompt_of, request
from tests.services.inference.virtual_time import now, run

RETRYABLE = [kind for kind in FailureKind if kind.retryable]
COUNTED = [kind for kind in RETRYABLE if kind is not FailureKind.UNAVAILABLE]
FINAL = [kind for kind in FailureKind if not kind.retryable]


class Case:
    """A retrying engine on a scripted one, in virtual time."""

    def __init__(
        self, script: Any, *, slots: int = 8, max_attempts: int = 4, patience_s: float = 600
    ) -> None:
        self.inner = ScriptedEngine(script)
        self.limiter = AdaptiveLimiter(slots, clock=now)
        self.engine = RetryingEngine(self.inner, self.limiter, max_attempts, patience_s, clock=now)


def told(make: Callable[[], Case], story: Callable[[Case], Awaitable[None]]) -> Case:
    """Run a story about a case; whatever happens, no slot may stay taken."""

    async def main() -> Case:
        case = make()
        await story(case)
        assert case.limiter.in_flight == 0
        return case

    return run(main)


def fail(kind: FailureKind = FailureKind.SERVER, retry_after_s: float | None = None) -> EngineError:
    return EngineError(kind, f"a {kind} failure", retry_after_s=retry_after_s)


class TestAttempts:
    def test_answered_at_once(self) -> None:
        async def story(case: Case) -> None:
            result = await case.engine.generate(request())
            assert (result.text, result.attempts, result.queue_s) == ("an answer", 1, 0.0)

        case = told(lambda: Case([answered()]), story)
        assert len(case.inner.calls) == 1

    @pytest.mark.parametrize("kind", RETRYABLE)
    def test_retryable_failures_are_retried(self, kind: FailureKind) -> None:
        async def story(case: Case) -> None:
            assert (await case.engine.generate(request())).attempts == 3

        told(lambda: Case([fail(kind), fail(kind), answered()]), story)

    @pytest.mark.parametrize("kind", FINAL)
    def test_final_failures_are_not(self, kind: FailureKind) -> None:
        async def story(case: Case) -> None:
            error = await failure_of(case.engine)
            assert (error.kind, error.attempts) == (kind, 1)

        case = told(lambda: Case([fail(kind), answered()]), story)
        assert len(case.inner.calls) == 1

    def test_a_final_failure_ends_the_attempts(self) -> None:
        async def story(case: Case) -> None:
            error = await failure_of(case.engine)
            assert (error.kind, error.attempts) == (FailureKind.AUTH, 3)

        told(lambda: Case([fail(), fail(), fail(FailureKind.AUTH), answered()]), story)

    @pytest.mark.parametrize("max_attempts", [1, 2, 4, 7])
    @pytest.mark.parametrize("kind", COUNTED)
    def test_given_up_after_the_last_attempt(self, kind: FailureKind, max_attempts: int) -> None:
        async def story(case: Case) -> None:
            error = await failure_of(case.engine)
            assert (error.kind, error.attempts) == (kind, max_attempts)

        case = told(lambda: Case([fail(kind)] * 10, max_attempts=max_attempts), story)
        assert len(case.inner.calls) == max_attempts

    def test_what_is_final_is_not_retried(self) -> None:
        async def story(case: Case) -> None:
            error = await failure_of(case.engine)
            assert (error.kind, error.attempts) == (FailureKind.MALFORMED, 1)

        page = EngineError(FailureKind.MALFORMED, "a web page", final=True)
        assert len(told(lambda: Case([page, answered()]), story).inner.calls) == 1

    def test_the_same_request_each_time(self) -> None:
        call = request("the prompt", seed=7, repeat=3)

        async def story(case: Case) -> None:
            await case.engine.generate(call)

        case = told(lambda: Case([fail(), fail(FailureKind.RATE_LIMIT), answered()]), story)
        assert case.inner.calls == [call] * 3

    def test_a_defect_is_not_retried_and_frees_its_slot(self) -> None:
        async def broken(call: GenerationRequest) -> GenerationResult:
            raise ZeroDivisionError

        async def story(case: Case) -> None:
            with pytest.raises(ZeroDivisionError):
                await case.engine.generate(request())

        case = told(lambda: Case(broken), story)
        assert len(case.inner.calls) == 1

    def test_requests_do_not_share_their_attempts(self) -> None:
        seen: dict[str, int] = {}

        async def flaky(call: GenerationRequest) -> GenerationResult:
            seen[prompt_of(call)] = seen.get(prompt_of(call), 0) + 1
            if seen[prompt_of(call)] < 4:
                raise fail()
            return answered()

        async def story(case: Case) -> None:
            results = await asyncio.gather(*(case.engine.generate(request(f"p{i}")) for i in range(20)))
            assert {result.attempts for result in results} == {4}

        told(lambda: Case(flaky), story)

    def test_closes_the_inner_engine(self) -> None:
        async def story(case: Case) -> None:
            await case.engine.aclose()

        assert told(lambda: Case([]), story).inner.closed == 1


class TestTimes:
    def test_latency_is_that_of_the_successful_attempt(self) -> None:
        async def story(case: Case) -> None:
            result = await case.engine.generate(request())
            assert now() >= 5
            assert result.latency_s == 0.25  # as the inner engine measured it
            assert result.queue_s == 0.0

        told(lambda: Case([fail(FailureKind.RATE_LIMIT, 5), answered()]), story)

    def test_queue_time_is_summed_over_all_attempts(self) -> None:
        first = True

        async def slow(call: GenerationRequest) -> GenerationResult:
            nonlocal first
            await asyncio.sleep(10)
            if prompt_of(call) == "patient" and first:
                first = False
                raise fail()
            return answered()

        async def story(case: Case) -> None:
            ahead = asyncio.create_task(case.engine.generate(request("ahead")))
            await asyncio.sleep(0)
            patient = asyncio.create_task(case.engine.generate(request("patient")))
            await asyncio.sleep(15)
            behind = asyncio.create_task(case.engine.generate(request("behind")))
            result = await patient
            # 10 s behind the first; after the failure, most of the 10 s of the one that came between.
            assert 19 < result.queue_s < 20
            await asyncio.gather(ahead, behind)

        told(lambda: Case(slow, slots=1), story)

    @pytest.mark.parametrize("kind", [FailureKind.SERVER, FailureKind.CONNECTION, FailureKind.MALFORMED])
    def test_backs_off_between_attempts(self, kind: FailureKind) -> None:
        async def story(case: Case) -> None:
            await case.engine.generate(request())
            assert 0 < now() < 0.2 + 0.4 + 0.8

        told(lambda: Case([fail(kind)] * 3 + [answered()]), story)

    def test_retries_of_many_are_spread_out(self) -> None:
        moments: list[float] = []

        async def down(call: GenerationRequest) -> GenerationResult:
            moments.append(now())
            raise fail()

        async def story(case: Case) -> None:
            await case.engine.generate_batch([request(f"p{i}") for i in range(50)])

        told(lambda: Case(down, slots=64, max_attempts=2), story)
        assert moments[:50] == [0.0] * 50
        assert len(set(moments[50:])) == 50

    @pytest.mark.parametrize("kind", [FailureKind.RATE_LIMIT, FailureKind.SERVER])
    @pytest.mark.parametrize("retry_after_s", [3.0, 30.0])
    def test_retry_after_is_honoured(self, kind: FailureKind, retry_after_s: float) -> None:
        moments = []

        async def busy(call: GenerationRequest) -> GenerationResult:
            moments.append(now())
            if len(moments) == 1:
                raise fail(kind, retry_after_s)
            return answered()

        async def story(case: Case) -> None:
            await case.engine.generate(request())

        told(lambda: Case(busy), story)
        assert retry_after_s <= moments[1] - moments[0] < retry_after_s + 1

    def test_a_request_that_waits_holds_no_slot(self) -> None:
        async def script(call: GenerationRequest) -> GenerationResult:
            if prompt_of(call) == "rejected" and now() < 50:
                raise fail(FailureKind.RATE_LIMIT, 100)
            await asyncio.sleep(1)
            return answered()

        async def story(case: Case) -> None:
            others = [asyncio.create_task(case.engine.generate(request(f"p{i}"))) for i in range(3)]
            await asyncio.sleep(0)
            rejected = asyncio.create_task(case.engine.generate(request("rejected")))
            await asyncio.sleep(10)
            assert all(other.done() for other in others)
            assert not rejected.done()
            assert case.limiter.in_flight == 0
            late = await case.engine.generate(request("late"))
            assert now() < 20
            assert late.queue_s == 0
            assert (await rejected).attempts == 2
            assert now() >= 100

        told(lambda: Case(script, slots=2), story)

    def test_a_cancelled_wait_ends_at_once(self) -> None:
        async def story(case: Case) -> None:
            call = asyncio.create_task(case.engine.generate(request()))
            await asyncio.sleep(5)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert now() == 5

        case = told(lambda: Case([fail(FailureKind.SERVER, 100), answered()]), story)
        assert len(case.inner.calls) == 1

    def test_a_cancelled_call_frees_its_slot(self) -> None:
        async def hang(call: GenerationRequest) -> GenerationResult:
            await asyncio.sleep(1_000)
            return answered()

        async def story(case: Case) -> None:
            call = asyncio.create_task(case.engine.generate(request()))
            await asyncio.sleep(5)
            assert case.limiter.in_flight == 1
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

        told(lambda: Case(hang), story)


class TestPatience:
    @pytest.mark.parametrize("kind", [FailureKind.RATE_LIMIT])
    def test_a_longer_retry_after_is_a_used_up_quota(self, kind: FailureKind) -> None:
        async def story(case: Case) -> None:
            error = await failure_of(case.engine)
            assert (error.kind, error.attempts) == (FailureKind.QUOTA, 1)
            assert error.message == (
                "The endpoint asks to wait 3600 s, more than LLMFORGE_RATE_LIMIT_PATIENCE_S (600 s). "
                f"a {kind} failure"
            )
            assert now() < 1

        told(lambda: Case([fail(kind, 3600)]), story)

    @pytest.mark.parametrize("retry_after_s", [3600.0, 1e9, 2.5e11])
    def test_of_a_server_that_fails_it_is_not_waited_for(self, retry_after_s: float) -> None:
        async def story(case: Case) -> None:
            error = await failure_of(case.engine)
            assert (error.kind, error.attempts) == (FailureKind.SERVER, 4)
            assert now() < 60

        told(lambda: Case([fail(FailureKind.SERVER, retry_after_s) for _ in range(4)]), story)

    def test_one_such_failure_costs_nothing(self) -> None:
        async def story(case: Case) -> None:
            assert (await case.engine.generate(request())).attempts == 2

        told(lambda: Case([fail(FailureKind.SERVER, 1e9), answered()]), story)

    def test_a_retry_after_just_within_is_waited_for(self) -> None:
        async def story(case: Case) -> None:
            assert (await case.engine.generate(request())).attempts == 2
            assert now() >= 600

        told(lambda: Case([fail(FailureKind.RATE_LIMIT, 600), answered()]), story)

    def test_retry_after_adds_up(self) -> None:
        async def story(case: Case) -> None:
            error = await failure_of(case.engine)
            assert (error.kind, error.attempts) == (FailureKind.RATE_LIMIT, 2)
            assert now() < 401

        told(lambda: Case([fail(FailureKind.RATE_LIMIT, 400)] * 4), story)

    def test_an_endless_retry_after_stops_no_other_request(self) -> None:
        async def script(call: GenerationRequest) -> GenerationResult:
            if prompt_of(call) == "first":
                raise fail(FailureKind.RATE_LIMIT, 86_400)
            return answered()

        async def story(case: Case) -> None:
            assert (await failure_of(case.engine, request("first"))).kind is FailureKind.QUOTA
            await case.engine.generate(request("second"))
            assert now() < 60

        told(lambda: Case(script), story)

    def test_an_endpoint_that_rejects_everything(self) -> None:
        async def reject(call: GenerationRequest) -> GenerationResult:
            raise fail(FailureKind.RATE_LIMIT)

        async def story(case: Case) -> None:
            kinds = []
            while FailureKind.QUOTA not in kinds:
                batch = await case.engine.generate_batch([request(f"p{i}") for i in range(4)])
                kinds += [error.kind for error in batch if isinstance(error, EngineError)]
            assert set(kinds) == {FailureKind.RATE_LIMIT, FailureKind.QUOTA}
            assert 600 <= now() < 800

        case = told(lambda: Case(reject), story)
        assert len(case.inner.calls) < 150


class TestUnavailable:
    """An endpoint that loads its model, or is overloaded."""

    def loading(self, until_s: float, wait_s: float | None = None) -> Callable[..., Any]:
        async def script(call: GenerationRequest) -> GenerationResult:
            if now() < until_s:
                error = fail(FailureKind.UNAVAILABLE, wait_s)
                error.waiting_for = "the endpoint is loading the model"
                raise error
            return answered()

        return script

    @pytest.mark.parametrize("wait_s", [None, 0.0, 20.0, 1e9])
    def test_is_waited_for_whatever_the_attempts(self, wait_s: float | None) -> None:
        async def story(case: Case) -> None:
            results = await case.engine.generate_batch([request(f"p{i}") for i in range(20)])
            assert all(isinstance(result, GenerationResult) for result in results)
            assert 120 <= now() < 200

        case = told(lambda: Case(self.loading(120, wait_s), slots=8), story)
        assert len(case.inner.calls) < 150

    def test_whoever_watches_is_told(self) -> None:
        told_: list[str | None] = []

        async def story(case: Case) -> None:
            case.engine = RetryingEngine(case.inner, case.limiter, 4, 600, clock=now, waiting=told_.append)
            await case.engine.generate(request())

        told(lambda: Case(self.loading(3)), story)
        assert set(told_[:-1]) == {"the endpoint is loading the model"}
        assert told_[-1] is None

    def test_not_for_longer_than_patience(self) -> None:
        async def story(case: Case) -> None:
            error = await failure_of(case.engine)
            assert error.kind is FailureKind.UNAVAILABLE
            assert error.message == (
                "For longer than LLMFORGE_RATE_LIMIT_PATIENCE_S (60 s), the endpoint is loading the model. "
                "a unavailable failure"
            )
            assert 60 <= now() < 100

        told(lambda: Case(self.loading(1e9), patience_s=60), story)

    def test_one_request_that_is_refused_among_others_ends_no_experiment(self) -> None:
        async def script(call: GenerationRequest) -> GenerationResult:
            await asyncio.sleep(0.1)
            if prompt_of(call) == "odd":
                raise fail(FailureKind.UNAVAILABLE)
            return answered()

        async def story(case: Case) -> None:
            odd = asyncio.create_task(failure_of(case.engine, request("odd")))
            for number in range(400):
                await case.engine.generate(request(f"p{number}"))
            assert (await odd).kind is FailureKind.SERVER

        case = told(lambda: Case(script), story)
        assert len(case.inner.calls) < 440

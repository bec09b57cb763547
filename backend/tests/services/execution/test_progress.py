"""Tests of the progress: its counts, and telling it to Redis."""

import uuid
from dataclasses import fields

import orjson
import pytest
from redis.asyncio import Redis

from app.core.queue import connect_async, read_progress
from app.domain.progress import ProgressSnapshot
from app.domain.run import Tally
from app.domain.status import FailureKind
from app.schemas.experiment import ProgressOut
from app.services.execution import progress as module
from app.services.execution.progress import Progress, ProgressPublisher
from app.services.runtime import Runtime
from tests.factories import run_record


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def begun(
    total: int,
    stored: int = 0,
    failed: int = 0,
    correct: float = 0.0,
    cached: int = 0,
    active_s: float = 0.0,
) -> Progress:
    progress = Progress(total, active_s=active_s)
    failures = {FailureKind.TIMEOUT: failed} if failed else {}
    progress.begin(Tally(stored, failed, correct, stored - failed, cached, failures))
    return progress


def count(
    progress: Progress, exact_match: float | None, failure: FailureKind | None = None, *, cached: bool = False
) -> None:
    progress.count(run_record(uuid.uuid4(), exact_match=exact_match, failure_kind=failure, cached=cached))


class TestCounts:
    def test_nothing_yet(self, clock: Clock) -> None:
        values = begun(10).snapshot().as_dict()
        assert values == {
            "total": 10,
            "done": 0,
            "failed": 0,
            "cached": 0,
            "accuracy": None,
            "failures": {},
            "rate_per_s": None,
            "eta_s": None,
            "active_s": 0.0,
            "note": None,
            "mode": "worker",
            "in_flight": 0,
            "limit": None,
            "waiting_s": 0.0,
        }

    def test_runs_of_all_kinds(self, clock: Clock) -> None:
        progress = begun(10)
        count(progress, 1.0, cached=True)
        count(progress, 0.0)
        count(progress, None)
        count(progress, None, FailureKind.TIMEOUT)
        values = progress.snapshot()
        assert (values.done, values.failed, values.cached) == (4, 1, 1)
        assert values.accuracy == 0.5
        assert values.failures == {"timeout": 1}

    def test_rate_and_time_left_are_of_this_executor(self, clock: Clock) -> None:
        progress = begun(100, stored=40, failed=2, correct=19.0, cached=7, active_s=30.0)
        clock.now += 5
        for _ in range(10):
            count(progress, 1.0)
        values = progress.snapshot()
        assert (values.done, values.failed, values.failures) == (50, 2, {"timeout": 2})
        assert (values.rate_per_s, values.eta_s, values.active_s) == (2.0, 25.0, 35.0)
        assert values.accuracy == pytest.approx(29 / 48)
        assert values.cached == 7

    def test_time_before_the_beginning_does_not_count(self, clock: Clock) -> None:
        progress = Progress(10)
        clock.now += 60  # a model that takes a while to load
        progress.begin(Tally())
        clock.now += 2
        assert progress.wall_s == 2.0


class TestSnapshot:
    def test_is_read_as_it_was_written(self, clock: Clock) -> None:
        progress = begun(10, stored=4, failed=1)
        progress.prepare("embedding")
        snapshot = progress.snapshot(in_flight=3, limit=8, waiting_s=0.5, mode="in_process")
        assert ProgressSnapshot.from_dict(orjson.loads(orjson.dumps(snapshot.as_dict()))) == snapshot

    def test_of_an_older_version_lacks_the_note(self) -> None:
        older = {**ProgressSnapshot(10, done=3).as_dict(), "removed": 1}
        del older["note"]
        assert ProgressSnapshot.from_dict(older) == ProgressSnapshot(10, done=3)

    def test_has_the_fields_that_the_api_shows(self) -> None:
        assert set(ProgressOut.model_fields) == {each.name for each in fields(ProgressSnapshot)}


class TestPublisher:
    async def test_what_is_published_is_read(self, runtime: Runtime) -> None:
        publisher = ProgressPublisher(runtime.redis_url, "an-id")
        client = connect_async(runtime.redis_url)
        assert await read_progress(client, "an-id") is None
        await publisher.publish({"done": 1})
        await publisher.publish({"done": 2})
        assert await read_progress(client, "an-id") == {"done": 2}
        assert 0 < await client.ttl("llmforge:progress:an-id") <= 120
        await publisher.aclose()
        await client.aclose()

    async def test_redis_away_costs_one_try_in_a_while(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries: list[str] = []

        async def refuse(client: Redis, experiment_id: str, progress: dict[str, int]) -> None:
            tries.append(experiment_id)
            raise ConnectionRefusedError

        monkeypatch.setattr(module, "publish_progress", refuse)
        publisher = ProgressPublisher("redis://127.0.0.1:1/0", "an-id")
        for _ in range(5):
            await publisher.publish({})
        assert len(tries) == 1
        clock.now += 60
        await publisher.publish({})
        assert len(tries) == 2
        await publisher.aclose()

    async def test_without_redis_nothing_is_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "connect_async", None)
        publisher = ProgressPublisher("", "an-id")
        await publisher.publish({"done": 1})
        await publisher.aclose()

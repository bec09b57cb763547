"""Tests of the progress: its counts, and telling it to Redis."""

import uuid
from dataclasses import dataclass, fields

import orjson
import pytest
from redis.asyncio import Redis

from app.core.queue import Published, connect_async, read_progress
from app.domain.progress import ProgressSnapshot
from app.domain.run import Tally
from app.domain.status import ExperimentStatus, FailureKind
from app.schemas.experiment import ProgressOut
from app.services.execution import progress as module
from app.services.execution.progress import Progress, ProgressPublisher
from app.services.runtime import Runtime
from tests.factories import run_record


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begun(
    clock: Clock,
    total: int,
    stored: int = 0,
    failed: int = 0,
    correct: float = 0.0,
    cached: int = 0,
    active_s: float = 0.0,
) -> Progress:
    progress = Progress(clock=clock)
    failures = {FailureKind.TIMEOUT: failed} if failed else {}
    progress.begin(total, Tally(stored, failed, correct, stored - failed, cached, failures), active_s)
    return progress


def count(
    progress: Progress, exact_match: float | None, failure: FailureKind | None = None, *, cached: bool = False
) -> None:
    progress.count(run_record(uuid.uuid4(), exact_match=exact_match, failure_kind=failure, cached=cached))


def snapshot_of(progress: Progress) -> ProgressSnapshot:
    snapshot = progress.snapshot()
    assert snapshot is not None
    return snapshot


@dataclass
class Busy:
    """A limiter with three calls in flight."""

    in_flight: int = 3
    limit: int = 8
    waiting_s: float = 0.52


class TestCounts:
    def test_nothing_yet(self, clock: Clock) -> None:
        values = snapshot_of(begun(clock, 10)).as_dict()
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
            "waiting_for": None,
        }

    def test_runs_of_all_kinds(self, clock: Clock) -> None:
        progress = begun(clock, 10)
        count(progress, 1.0, cached=True)
        count(progress, 0.0)
        count(progress, None)
        count(progress, None, FailureKind.TIMEOUT)
        values = snapshot_of(progress)
        assert (values.done, values.failed, values.cached) == (4, 1, 1)
        assert values.accuracy == 0.5
        assert values.failures == {"timeout": 1}

    def test_rate_and_time_left_are_of_this_executor(self, clock: Clock) -> None:
        progress = begun(clock, 100, stored=40, failed=2, correct=19.0, cached=7, active_s=30.0)
        clock.now += 5
        for _ in range(10):
            count(progress, 1.0)
        values = snapshot_of(progress)
        assert (values.done, values.failed, values.failures) == (50, 2, {"timeout": 2})
        assert (values.rate_per_s, values.eta_s, values.active_s) == (2.0, 25.0, 35.0)
        assert values.accuracy == pytest.approx(29 / 48)
        assert values.cached == 7

    def test_rate_and_time_left_are_of_calls_that_were_made(self, clock: Clock) -> None:
        progress = begun(clock, 1200)
        clock.now += 3
        for _ in range(516):
            count(progress, 1.0, cached=True)
        assert snapshot_of(progress).rate_per_s is None
        clock.now += 4
        for _ in range(60):
            count(progress, 1.0)
        values = snapshot_of(progress)
        assert (values.rate_per_s, values.eta_s) == (15.0, (1200 - 576) / 15)

    def test_time_before_the_beginning_does_not_count(self, clock: Clock) -> None:
        progress = Progress(clock=clock)
        assert progress.snapshot() is None
        clock.now += 60  # a model that takes a while to load
        progress.begin(10, Tally())
        clock.now += 2
        assert progress.wall_s == 2.0


class TestSnapshot:
    def test_is_read_as_it_was_written(self, clock: Clock) -> None:
        progress = begun(clock, 10, stored=4, failed=1)
        progress.prepare("embedding")
        progress.watch(Busy())
        snapshot = snapshot_of(progress)
        assert (snapshot.in_flight, snapshot.limit, snapshot.waiting_s) == (3, 8, 0.5)
        assert snapshot.note == "embedding"
        assert ProgressSnapshot.from_dict(orjson.loads(orjson.dumps(snapshot.as_dict()))) == snapshot

    def test_of_an_older_version_lacks_the_note(self) -> None:
        older = {**ProgressSnapshot(10, done=3).as_dict(), "removed": 1}
        del older["note"]
        assert ProgressSnapshot.from_dict(older) == ProgressSnapshot(10, done=3)

    def test_has_the_fields_that_the_api_shows(self) -> None:
        assert set(ProgressOut.model_fields) == {each.name for each in fields(ProgressSnapshot)}


class TestPublisher:
    async def test_what_is_published_is_read(self, runtime: Runtime) -> None:
        client = connect_async(runtime.redis_url)
        assert await read_progress(client, "an-id") is None
        async with ProgressPublisher(runtime.redis_url, "an-id") as publisher:
            for done in (1, 2):
                await publisher.publish(ExperimentStatus.RUNNING, ProgressSnapshot(10, done))
            await publisher.publish(ExperimentStatus.RUNNING, None)
        published = await read_progress(client, "an-id")
        assert published == Published(ExperimentStatus.RUNNING, ProgressSnapshot(10, 2))
        assert 0 < await client.ttl("llmforge:progress:an-id") <= 120
        await client.aclose()

    async def test_redis_away_costs_one_try_in_a_while(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries: list[str] = []

        async def refuse(client: Redis, experiment_id: str, *_: object) -> None:
            tries.append(experiment_id)
            raise ConnectionRefusedError

        monkeypatch.setattr(module, "publish_progress", refuse)
        async with ProgressPublisher("redis://127.0.0.1:1/0", "an-id", clock) as publisher:
            for _ in range(5):
                await publisher.publish(ExperimentStatus.RUNNING, ProgressSnapshot(10))
            assert len(tries) == 1
            clock.now += 60
            await publisher.publish(ExperimentStatus.RUNNING, ProgressSnapshot(10))
            assert len(tries) == 2

    async def test_without_redis_nothing_is_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "connect_async", None)
        async with ProgressPublisher("", "an-id") as publisher:
            await publisher.publish(ExperimentStatus.RUNNING, ProgressSnapshot(10))

"""Tests of the progress: its counts, by shard and of the whole."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, fields

import orjson
import pytest

from app.domain.progress import Gauges, ProgressSnapshot, progress_of
from app.domain.run import Tally
from app.domain.sharding import ShardSlice
from app.domain.status import FailureKind
from app.schemas.experiment import ProgressOut
from app.services.execution.lease import Whole
from app.services.execution.progress import Progress
from app.services.execution.shard_repository import ShardSums
from app.services.runs.repository import Outcome
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


def whole(tally: Tally = Tally(), active_s: float = 0.0, held: Collection[int] = ()) -> Whole:  # noqa: B008
    return Whole(ShardSums(tally, free=1, unfinished=1), active_s, (), 0, None, tally, frozenset(held))


def begun(
    clock: Clock,
    total: int,
    stored: int = 0,
    failed: int = 0,
    correct: float = 0.0,
    cached: int = 0,
    active_s: float = 0.0,
) -> Progress:
    """Return the progress of an executor that holds one shard, of all that is not stored."""
    progress = Progress(clock=clock)
    failures = {FailureKind.TIMEOUT: failed} if failed else {}
    tally = Tally(stored, failed, correct, stored - failed, cached, failures)
    progress.begin(total, whole(tally, active_s))
    progress.take(ShardSlice(0, stored, total), 1, ())
    progress.prepared()
    return progress


def count(
    progress: Progress, exact_match: float | None, failure: FailureKind | None = None, *, cached: bool = False
) -> None:
    run = run_record(uuid.uuid4(), exact_match=exact_match, failure_kind=failure, cached=cached)
    progress.count(run, 0, 1)


def snapshot_of(progress: Progress) -> ProgressSnapshot:
    return progress_of(progress.total, progress.tally, progress.wall_s, [progress.gauges()])


@dataclass
class Busy:
    """A limiter with three calls in flight."""

    in_flight: int = 3
    limit: int = 8
    waiting_s: float = 0.52
    interval_s: float = 0.0


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
            "executors": 1,
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
        progress.begin(10, whole(active_s=3.0))
        clock.now += 60  # a model that takes a while to load
        assert progress.wall_s == 3.0
        assert progress.report(0).worked_s is None
        progress.prepared()
        clock.now += 2
        assert progress.wall_s == 5.0
        assert progress.report(0).worked_s == 2.0


class TestShards:
    def test_stored_runs_of_a_shard_count_when_it_is_taken_over(self, clock: Clock) -> None:
        progress = Progress(clock=clock)
        progress.begin(30, whole(Tally(10, 0, 10.0, 10, 0)))
        outcomes = [
            Outcome(1, 0, 1.0, None, cached=True),
            Outcome(2, 0, None, FailureKind.TIMEOUT, cached=False),
        ]
        progress.take(ShardSlice(1, 10, 20), 2, outcomes)
        assert progress.tally == Tally(12, 1, 11.0, 11, 1, {FailureKind.TIMEOUT: 1})

    def test_is_finished_when_all_its_runs_are_stored(self, clock: Clock) -> None:
        progress = Progress(clock=clock)
        progress.begin(4, whole())
        progress.take(ShardSlice(0, 0, 2), 1, ())
        progress.take(ShardSlice(1, 2, 4), 1, ())
        for number, shard in enumerate((0, 1, 0), start=1):
            progress.count(run_record(uuid.uuid4(), exact_match=1.0), shard, number)
        assert [one.finished for one in progress.report(committed=2).shards] == [False, False]
        report = progress.report(committed=3)
        assert [(one.number, one.finished) for one in report.shards] == [(0, True), (1, False)]
        progress.told(report, whole(Tally(2, 0, 2.0, 2, 0), held=[1]))
        assert [one.number for one in progress.report(3).shards] == [1]
        assert progress.tally.stored == 3

    def test_what_is_counted_during_a_heartbeat_is_not_lost(self, clock: Clock) -> None:
        progress = begun(clock, 10)
        count(progress, 1.0)
        clock.now += 1
        report = progress.report(0)
        clock.now += 0.5
        count(progress, 1.0)
        progress.told(report, whole(active_s=1.0, held=[0]))
        assert (progress.tally.stored, progress.wall_s) == (2, 1.5)


class TestOfMany:
    def test_is_the_sum(self) -> None:
        gauges = [
            Gauges(rate_per_s=2.0, in_flight=3, limit=4, waiting_s=1.5),
            Gauges(rate_per_s=3.0, in_flight=5, limit=8, waiting_for="it loads"),
            Gauges(note="opening"),
        ]
        found = progress_of(100, Tally(stored=50), 7.0, gauges)
        assert (found.rate_per_s, found.eta_s) == (5.0, 10.0)
        assert (found.in_flight, found.limit, found.waiting_s) == (8, 12, 1.5)
        assert (found.note, found.waiting_for, found.executors) == (None, "it loads", 3)

    def test_a_note_while_all_prepare(self) -> None:
        assert progress_of(1, Tally(), 0.0, [Gauges(note="one"), Gauges(note="two")]).note == "one"


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

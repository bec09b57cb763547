"""Tests of one experiment with several executors: claims, take-over, endings, the last to leave."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text

from app.domain.progress import CANCELLED, Ending, Gauges
from app.domain.run import Tally
from app.domain.sharding import ShardSlice
from app.domain.status import ExperimentStatus, FailureKind
from app.models import Shard
from app.services.execution.executor import Executor
from app.services.execution.lease import Joined, Lease, LeaseLost, Report, Whole
from app.services.execution.shard_repository import ShardReport
from app.services.runtime import Runtime
from tests.support import cancel, create, leases_of, stored

FAILED = Ending(ExperimentStatus.FAILED, "why")


class NoSlots:
    """An executor without calls in flight."""

    def settle(self, held_by_others: Any, rank: int) -> int:
        return 0

    def adopt(self) -> None:
        pass


def lease_of(runtime: Runtime, experiment_id: uuid.UUID, stale_after_s: float = 10) -> Lease:
    return Lease(runtime.sessions, runtime.autocommit, experiment_id, stale_after_s, lambda: False)


async def joined(
    runtime: Runtime, experiment_id: uuid.UUID, most: int = 9, **options: Any
) -> tuple[Lease, Joined]:
    lease = lease_of(runtime, experiment_id, **options)
    found = await lease.join(Gauges(), lambda _: most)
    assert found is not None
    return lease, found


async def join_many(runtime: Runtime, experiment_id: uuid.UUID, count: int) -> list[Lease]:
    return [(await joined(runtime, experiment_id))[0] for _ in range(count)]


def report(*shards: ShardReport, total: int = 20) -> Report:
    return Report(total, Gauges(), shards, 1.0)


def because(ending: Ending | None) -> Callable[[Whole], Ending | None]:
    """Return what finds this ending, whatever the counts are."""
    return lambda _: ending


def done(number: int, samples: int = 8, **counts: Any) -> ShardReport:
    return ShardReport(number, Tally(samples, **counts), finished=True)


async def shards_of(runtime: Runtime, experiment_id: uuid.UUID) -> list[Shard]:
    async with runtime.sessions() as session:
        query = select(Shard).where(Shard.experiment_id == experiment_id).order_by(Shard.number)
        return list(await session.scalars(query))


class TestJoin:
    async def test_the_first_divides_the_experiment(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime, repeats=2)
        _, first = await joined(runtime, experiment_id)
        _, second = await joined(runtime, experiment_id)
        rows = await shards_of(runtime, experiment_id)
        assert [(row.number, row.start, row.stop) for row in rows] == [
            (number, 4 * number, 4 * number + 4) for number in range(5)
        ]
        assert (first.whole.rank, second.whole.rank) == (0, 1)
        assert (first.slots, second.slots) == (16, 0)  # until the first gives some back

    async def test_no_more_than_are_useful(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        await joined(runtime, experiment_id, most=1)
        assert await lease_of(runtime, experiment_id).join(Gauges(), lambda _: 1) is None

    async def test_not_when_nothing_is_free(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        (first,) = await join_many(runtime, experiment_id, 1)
        assert len(await first.claim(9)) == 3
        assert await lease_of(runtime, experiment_id).join(Gauges(), lambda _: 9) is None

    async def test_not_when_it_is_about_to_end(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        await join_many(runtime, experiment_id, 1)
        await cancel(runtime, experiment_id)
        assert await lease_of(runtime, experiment_id).join(Gauges(), lambda _: 9) is None

    async def test_after_the_last_one_died_before_the_end(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        dead, other = await join_many(runtime, experiment_id, 2)
        await dead.claim(9)
        await dead.beat(report(done(0), done(1), done(2, 4)), NoSlots())
        await other.leave(report(), because(None))
        last, found = await joined(runtime, experiment_id, stale_after_s=-10)
        assert (found.whole.sums.unfinished, found.whole.sums.tally.stored) == (0, 20)
        assert await leases_of(runtime, experiment_id) == [last.id]
        assert await last.leave(report(), because(None)) == Ending(ExperimentStatus.COMPLETED)


class TestClaim:
    async def test_each_shard_is_given_once(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime, repeats=10)  # 20 shards
        leases = await join_many(runtime, experiment_id, 6)
        found = await asyncio.gather(*(one.claim(2) for one in leases for _ in range(3)))
        numbers = [shard.number for shards in found for shard in shards]
        assert sorted(numbers) == list(range(20))

    async def test_none_without_a_lease(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        await join_many(runtime, experiment_id, 1)
        assert await lease_of(runtime, experiment_id).claim(1) == []

    async def test_none_when_the_end_is_near(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        first, second = await join_many(runtime, experiment_id, 2)
        assert await second.leave(report(), because(FAILED)) is None
        assert await first.claim(1) == []


class TestTakeOver:
    async def test_of_the_shards_of_one_that_is_gone(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        dead, living = await join_many(runtime, experiment_id, 2)
        await dead.claim(1)
        (mine,) = await living.claim(1)
        async with runtime.engine.begin() as database:
            await database.execute(
                text("update executors set heartbeat_at = now() - interval '1 hour' where id = :id"),
                {"id": dead.id},
            )
        assert await living.claim(9) == [(await lease_slice(runtime, experiment_id, 2))]
        whole = await living.beat(report(ShardReport(mine.number, Tally(3), finished=False)), NoSlots())
        assert (whole.sums.free, whole.others) == (1, ())
        assert [one.number for one in await living.claim(9)] == [0]
        with pytest.raises(LeaseLost):
            await dead.beat(report(), NoSlots())
        with pytest.raises(LeaseLost):
            await dead.leave(report(), because(None))
        with pytest.raises(LeaseLost):
            await dead.finish(FAILED)

    async def test_what_one_leaves_unfinished_is_free(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        leaving, living = await join_many(runtime, experiment_id, 2)
        await leaving.claim(2)
        await leaving.leave(report(done(0), ShardReport(1, Tally(3), finished=False)), because(None))
        whole = await living.beat(report(), NoSlots())
        assert (whole.sums.free, whole.sums.unfinished, whole.sums.tally.stored) == (2, 2, 11)
        progress = (await stored(runtime, experiment_id)).progress or {}
        assert (progress["done"], progress["executors"]) == (11, 1)


async def lease_slice(runtime: Runtime, experiment_id: uuid.UUID, number: int) -> ShardSlice:
    row = (await shards_of(runtime, experiment_id))[number]
    return ShardSlice(row.number, row.start, row.stop)


class TestWhole:
    async def test_counts_of_all(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        first, second = await join_many(runtime, experiment_id, 2)
        await first.claim(2)
        await second.claim(1)
        failures = {FailureKind.TIMEOUT: 2}
        await first.beat(report(done(0, failed=2, failures=failures), done(1)), NoSlots())
        half = ShardReport(2, Tally(2, 1, 1.0, 1, 1, {FailureKind.SERVER: 1}), finished=False)
        whole = await second.beat(report(half), NoSlots())
        assert whole.sums.tally == Tally(16, 2, 0, 0, 0, failures)
        progress = (await stored(runtime, experiment_id)).progress_snapshot
        assert progress is not None
        assert (progress.done, progress.failed, progress.cached, progress.executors) == (18, 3, 1, 2)
        assert progress.failures == {"timeout": 2, "server": 1}

    async def test_a_heartbeat_that_is_older_than_another_counts_nothing_twice(
        self, runtime: Runtime, dataset: str
    ) -> None:
        experiment_id = await create(runtime)
        (only,) = await join_many(runtime, experiment_id, 1)
        await only.claim(1)
        await only.beat(report(done(0)), NoSlots())
        whole = await only.beat(report(ShardReport(0, Tally(7), finished=False)), NoSlots())
        assert (whole.tally.stored, whole.held) == (8, frozenset())

    async def test_time_that_many_work_counts_once(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        first, second = await join_many(runtime, experiment_id, 2)
        await first.beat(report(), NoSlots())
        for lease in (second, first, second):
            whole = await lease.beat(report(), NoSlots())
        assert 1.0 <= whole.active_s < 2.0


class TestEnding:
    async def test_all_are_told_and_the_last_ends_it(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        first, second, third = await join_many(runtime, experiment_id, 3)
        assert await first.leave(report(), because(FAILED)) is None
        other = Ending(ExperimentStatus.FAILED, "another reason")
        assert await second.leave(report(), because(other)) is None  # the first reason counts
        assert (await third.beat(report(), NoSlots())).ending == FAILED
        assert await third.leave(report(), because(FAILED)) == FAILED
        await third.finish(FAILED)
        experiment = await stored(runtime, experiment_id)
        assert (experiment.status, experiment.reason) == ("FAILED", "why")
        assert await leases_of(runtime, experiment_id) == []
        assert await shards_of(runtime, experiment_id) == []

    async def test_a_request_reaches_all(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        leases = await join_many(runtime, experiment_id, 2)
        await cancel(runtime, experiment_id)
        for lease in leases:
            assert (await lease.beat(report(), NoSlots())).ending == CANCELLED
        assert [await lease.leave(report(), because(None)) for lease in leases] == [None, CANCELLED]

    @pytest.mark.parametrize("ending", [None, FAILED])
    async def test_of_many_that_leave_at_once_one_ends_it(
        self, runtime: Runtime, dataset: str, ending: Ending | None
    ) -> None:
        experiment_id = await create(runtime, repeats=10)
        leases = await join_many(runtime, experiment_id, 5)
        claims = await asyncio.gather(*(lease.claim(4) for lease in leases))
        leaving = (
            lease.leave(report(*(done(one.number) for one in shards)), because(ending))
            for lease, shards in zip(leases, claims, strict=True)
        )
        ends = await asyncio.gather(*leaving)
        assert sorted(ends, key=str) == sorted(
            [None] * 4 + [ending or Ending(ExperimentStatus.COMPLETED)], key=str
        )

    async def test_who_comes_while_the_last_aggregates_has_nothing_to_do(
        self, runtime: Runtime, dataset: str
    ) -> None:
        experiment_id = await create(runtime)
        (last,) = await join_many(runtime, experiment_id, 1)
        await last.claim(9)
        assert await last.leave(report(done(0), done(1), done(2, 4)), because(None)) is not None
        assert await Executor(runtime, experiment_id).run() is None
        await last.finish(Ending(ExperimentStatus.COMPLETED))

    async def test_the_last_one_judges_by_the_runs_of_all(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        first, last = await join_many(runtime, experiment_id, 2)
        await first.claim(1)
        await last.claim(9)
        judged: list[int] = []

        def judge(whole: Whole) -> Ending | None:
            judged.append(whole.tally.stored)
            return FAILED if whole.tally.stored == 20 else None

        assert await first.leave(report(done(0)), judge) is None
        assert await last.leave(report(done(1), done(2, 4)), judge) == FAILED
        assert judged == [8, 20]

    async def test_one_that_stops_leaves_the_end_to_others(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        (only,) = await join_many(runtime, experiment_id, 1)
        assert await only.leave(report(), because(None)) is None
        experiment = await stored(runtime, experiment_id)
        assert (experiment.status, experiment.heartbeat_at) == ("RUNNING", None)

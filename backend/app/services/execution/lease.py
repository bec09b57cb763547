"""The right to work on an experiment, of which each executor at work on it holds one."""

import os
import socket
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.core.database import Session, Sessions, when_database_answers
from app.domain.progress import Ending, Gauges, ProgressSnapshot, progress_of
from app.domain.run import Tally
from app.domain.sharding import ShardSlice
from app.domain.status import ExperimentStatus
from app.models import Experiment
from app.services.execution.batch_job_repository import BatchJobRepository
from app.services.execution.executor_repository import ExecutorRepository, LockedExperiment, Member, others
from app.services.execution.shard_repository import ShardReport, ShardRepository, ShardSums
from app.services.execution.slots import part_of
from app.services.notifications.repository import DeliveryRepository


class LeaseLost(Exception):
    """The lease was stale and has been taken away, or the experiment has ended."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an executor tells with a heartbeat.

    Attributes:
        total: runs planned for the whole experiment.
        gauges: of this executor.
        shards: that it holds.
        worked_s: seconds that it has worked since the last heartbeat; ``None`` while it prepares.
    """

    total: int
    gauges: Gauges
    shards: Sequence[ShardReport]
    worked_s: float | None


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole experiment, as an executor finds it.

    Attributes:
        sums: of the shards that it does not hold.
        active_s: seconds of work so far, by all executors.
        others: the other executors at work.
        rank: how many of them came before it.
        ending: what all executors are to end it with; ``None``: go on.
        tally: of all runs, those that this executor has told of included.
        held: numbers of the shards that it has told of, and holds on.
    """

    sums: ShardSums
    active_s: float
    others: tuple[Member, ...]
    rank: int
    ending: Ending | None
    tally: Tally
    held: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Joined:
    """What an executor begins with: the experiment, its state, and the calls that it may have in flight."""

    experiment: Experiment
    whole: Whole
    slots: int


class HoldsSlots(Protocol):
    """What has calls in flight; see ``Slots``."""

    def settle(self, held_by_others: Sequence[int], rank: int) -> int:
        """Take this executor's part of the calls in flight, and return what it holds."""
        ...

    def adopt(self) -> None:
        """Use a part that has grown: what was settled is stored."""
        ...


class Lease:
    """One executor's lease on one experiment.

    It is a row of its own, and kept by a heartbeat: who finds the heartbeat older than ``stale_after_s``
    deletes the row, and with it the right to store runs; the shards that were held are free then. Each
    method is a transaction of its own, and waits while the database is away. All but ``claim`` lock the
    experiment's row: executors of one experiment see each other's changes one after the other.

    Args:
        sessions: of the database.
        autocommit: of the database, for single statements.
        experiment_id: what to work on.
        stale_after_s: age in seconds at which a heartbeat no longer counts.
        stopping: whether this process is about to end; it then no longer waits for the database.
        announces: whether a webhook is to be told that the experiment has ended.
    """

    def __init__(
        self,
        sessions: Sessions,
        autocommit: Sessions,
        experiment_id: uuid.UUID,
        stale_after_s: float,
        stopping: Callable[[], bool],
        *,
        announces: bool = False,
    ) -> None:
        self.experiment_id = experiment_id
        self.id = uuid.uuid4()
        self._sessions = sessions
        self._autocommit = autocommit
        self._stale_after_s = stale_after_s
        self._stopping = stopping
        self._announces = announces

    async def join(self, gauges: Gauges, most: Callable[[Experiment], int]) -> Joined | None:
        """Begin to work on an experiment that is queued or running, unless there is nothing to do.

        Args:
            gauges: of this executor.
            most: how many executors an experiment can use.
        """

        async def join() -> Joined | None:
            async with self._sessions() as session:
                joined = await self._join(session, gauges, most)
                await session.commit()
                return joined

        return await when_database_answers(join, "join an experiment", self._stopping)

    async def _join(
        self, session: Session, gauges: Gauges, most: Callable[[Experiment], int]
    ) -> Joined | None:
        executors, shards = ExecutorRepository(session), ShardRepository(session)
        experiment = await executors.lock_row(self.experiment_id)
        if experiment is None:
            return None
        if experiment.deleted_at is not None and not await BatchJobRepository(session).live(experiment.id):
            return None
        if not experiment.queued and experiment.status != ExperimentStatus.RUNNING:
            return None
        repeats = int(experiment.config["repeats"])
        await shards.make(self.experiment_id, experiment.total // repeats, repeats)
        members = await self._living(executors)
        sums = await shards.sums(self.experiment_id, self.id)
        ending = experiment.asked_ending
        if members and (len(members) >= most(experiment) or not sums.free or ending):
            return None
        total, held = int(experiment.config["concurrency"]), [one.slots for one in members]
        slots = part_of(total, held, len(members))
        await executors.begin(self.experiment_id)
        worker = f"{socket.gethostname()}:{os.getpid()}"
        await executors.add(self.id, self.experiment_id, worker, slots, gauges)
        before = experiment.progress_snapshot
        active_s = before.active_s if before else 0.0
        return Joined(
            experiment, Whole(sums, active_s, tuple(members), len(members), ending, sums.tally), slots
        )

    async def _living(self, executors: ExecutorRepository) -> list[Member]:
        """Return the executors at work; take their leases from those that are stale."""
        members = await executors.members(self.experiment_id, self._stale_after_s)
        await executors.remove([one.id for one in members if one.stale and one.id != self.id])
        return [one for one in members if not one.stale or one.id == self.id]

    async def claim(self, count: int, *, ending: bool = False, before: int | None = None) -> list[ShardSlice]:
        """Take up to ``count`` shards that nobody holds; none if there are none, or the end is near.

        Args:
            count: of shards.
            ending: also if the end is near.
            before: only shards that begin before this question, if it is given.
        """

        async def claim() -> list[ShardSlice]:
            async with self._autocommit() as session:
                return await ShardRepository(session).claim(
                    self.experiment_id, self.id, count, ending=ending, before=before
                )

        return await when_database_answers(claim, "claim shards", self._stopping)

    async def beat(self, report: Report, slots: HoldsSlots) -> Whole:
        """Send a heartbeat.

        Args:
            report: of this executor.
            slots: takes its part of the calls in flight.

        Raises:
            LeaseLost: if the lease was taken away, or the experiment has ended.
        """

        async def beat() -> Whole:
            async with self._sessions() as session:
                whole, progress = await self._tell(session, report)
                executors = ExecutorRepository(session)
                held = slots.settle([one.slots for one in whole.others], whole.rank)
                await executors.beat(self.id, held, report.gauges)
                worked = report.worked_s is not None
                await executors.keep(self.experiment_id, progress, worked=worked)
                await session.commit()
            slots.adopt()
            return whole

        return await when_database_answers(beat, "send a heartbeat")

    async def leave(
        self,
        report: Report,
        judge: Callable[[Whole], Ending | None],
        *,
        at_once: bool = False,
        queue: bool = False,
        waits: bool = False,
    ) -> Ending | None:
        """Stop working on the experiment; the last of all executors keeps its lease to end it.

        Args:
            report: of this executor; what it holds of shards is free then.
            judge: says what the experiment must end with, if it must, by what is known of the whole.
            at_once: leave in any case, and do not wait for a database that is away: the heartbeat grows
                stale then.
            queue: the experiment takes its place at the end of the queue, if nobody else works on it.
            waits: its provider works on batch jobs of it. It needs no executor until one is to be looked at;
                if it is to end, these have to be settled before, and it needs one at once.

        Returns:
            What this executor is to end the experiment with, once it has aggregated it; ``None``: nothing
            is left to it, since others are at work, or will be.

        Raises:
            LeaseLost: if the lease was taken away, or the experiment has ended.
        """

        async def leave() -> Ending | None:
            async with self._sessions() as session:
                whole, progress = await self._tell(session, report)
                executors = ExecutorRepository(session)
                over = whole.ending or judge(whole)
                ending = None if whole.ending else over
                if over is None and not whole.sums.unfinished:
                    over = Ending(ExperimentStatus.COMPLETED)
                last = over is not None and not whole.others and not at_once and not waits
                if not last:
                    await executors.remove([self.id])
                await executors.keep(
                    self.experiment_id,
                    progress,
                    worked=report.worked_s is not None,
                    attended=last or bool(whole.others),
                    queued=queue and not last and not whole.others,
                    ending=ending,
                    waits=waits and over is None,
                )
                await session.commit()
                return over if last else None

        give_up = (lambda: True) if at_once else self._stopping
        return await when_database_answers(leave, "leave an experiment", give_up)

    async def _tell(self, session: Session, report: Report) -> tuple[Whole, ProgressSnapshot]:
        """Lock the experiment, store what is told of shards, and return the whole, with its progress."""
        executors, shards = ExecutorRepository(session), ShardRepository(session)
        locked = await self._lock(executors)
        held = await shards.report(self.experiment_id, self.id, report.shards)
        members = await self._living(executors)
        here = next((place for place, one in enumerate(members) if one.id == self.id), None)
        if here is None:
            raise LeaseLost
        sums = await shards.sums(self.experiment_id, self.id)
        rest = tuple(others(members, self.id))
        active_s = locked.active_s + _worked_s(report.worked_s, locked.since_s, alone=not rest)
        gauges = [report.gauges, *(one.gauges for one in rest)]
        # Only of what it still holds: another heartbeat may have told meanwhile that a shard is finished.
        own = (one.tally for one in report.shards if one.number in held)
        tally = sum(own, start=sums.tally)
        progress = progress_of(report.total, tally, active_s, gauges)
        return Whole(sums, active_s, rest, here, locked.ending, tally, held), progress

    async def _lock(self, executors: ExecutorRepository) -> LockedExperiment:
        locked = await executors.lock(self.experiment_id)
        if locked is None or not locked.running:
            raise LeaseLost
        return locked

    async def finish(self, ending: Ending) -> None:
        """End the experiment.

        Raises:
            LeaseLost: if the lease was taken away; nothing is changed then.
        """

        async def finish() -> None:
            async with self._sessions() as session:
                executors = ExecutorRepository(session)
                await self._lock(executors)
                members = await executors.members(self.experiment_id, self._stale_after_s)
                if self.id not in {one.id for one in members}:
                    raise LeaseLost
                await executors.finish(self.experiment_id, ending)
                if self._announces:
                    await DeliveryRepository(session).announce(self.experiment_id)
                await ShardRepository(session).remove(self.experiment_id)
                await BatchJobRepository(session).forget_lines(self.experiment_id)
                await session.commit()

        await when_database_answers(finish, "end an experiment", self._stopping)


def _worked_s(worked_s: float | None, since_s: float | None, *, alone: bool) -> float:
    """Return what one executor's work adds to the active time, which many spend at the same time."""
    if worked_s is None:
        return 0.0
    return worked_s if alone or since_s is None else min(worked_s, max(0.0, since_s))

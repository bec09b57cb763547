"""Tests of storing runs: the record against the table, and a record read back."""

from dataclasses import fields
from typing import get_type_hints

from app.domain.prediction import ParseOutcome
from app.domain.run import RunRecord
from app.domain.scoring import Score
from app.domain.status import FailureKind, RunStatus
from app.models import Run
from app.services.runs.repository import Outcome, RunRepository
from app.services.runtime import Runtime
from tests.factories import run_record
from tests.support import add_lease, create, runs_of

FILLED_BY_THE_DATABASE = {"id", "created_at"}


class TestRunRecord:
    def test_has_a_field_for_each_column_that_the_database_does_not_fill(self) -> None:
        columns = {column.name for column in Run.__table__.columns}
        assert {each.name for each in fields(RunRecord)} == columns - FILLED_BY_THE_DATABASE

    def test_may_lack_what_its_column_may_lack(self) -> None:
        hints = get_type_hints(RunRecord)
        for column in Run.__table__.columns:
            if column.name not in FILLED_BY_THE_DATABASE:
                assert (type(None) in getattr(hints[column.name], "__args__", ())) == column.nullable, column


class TestAdd:
    async def test_every_field_is_read_back(self, runtime: Runtime, dataset: str) -> None:
        record = run_record(
            await create(runtime),
            repeat=1,
            output="a text",
            answer="a",
            parse_outcome=ParseOutcome.ANSWERED,
            parse_rule="first_line",
            exact_match=1.0,
            contains=0.0,
            f1=0.5,
            scores={"f1": Score("f1", 0.5, "a reason")},
            cached=True,
            latency_ms=1.5,
            queue_ms=2.5,
            prompt_tokens=3,
            completion_tokens=4,
            cost_usd=0.25,
            calls=[{"text": "a text"}],
            retrieved=[{"id": "1#0"}],
            trace={"steps": []},
        )
        await add(runtime, record)
        (run,) = await runs_of(runtime, record.experiment_id)
        for each in fields(RunRecord):
            if each.name != "scores":
                assert getattr(run, each.name) == getattr(record, each.name), each.name
        assert run.scores == {"f1": {"value": 0.5, "reason": "a reason"}}


class TestOutcomes:
    async def test_of_the_samples_that_have_a_run(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, other = await create(runtime, repeats=10), await create(runtime)
        await add(
            runtime,
            run_record(experiment_id, 1, repeat=0, exact_match=1.0, cached=True),
            run_record(experiment_id, 1, repeat=3),
            run_record(experiment_id, 2, repeat=1, status=RunStatus.FAILED, failure_kind=FailureKind.TIMEOUT),
            run_record(experiment_id, 3),
        )
        await add(runtime, run_record(other, 1))
        async with runtime.sessions() as session:
            found = await RunRepository(session).outcomes(experiment_id, [1, 2])
        assert sorted(found) == [
            Outcome(1, 0, 1.0, None, cached=True),
            Outcome(1, 3, None, None, cached=False),
            Outcome(2, 1, None, FailureKind.TIMEOUT, cached=False),
        ]


async def add(runtime: Runtime, *records: RunRecord) -> None:
    lease = await add_lease(runtime, records[0].experiment_id)
    async with runtime.sessions() as session:
        assert await RunRepository(session).add(records, [], lease)
        await session.commit()

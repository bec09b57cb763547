"""Pages of runs go along indexes, whatever the sort order and the filter."""

import itertools
import re
import uuid
from typing import Any, get_args

import pytest
from sqlalchemy import event, text

from app.domain.run_selection import RunFilter, RunSelection, RunSort
from app.services.runs.repository import Position, RunRepository
from app.services.runtime import Runtime

# One experiment of 20,000 runs and twenty of 500; failed, unscored and cached runs are rare in it.
_FILL = """
insert into datasets (id, name, version, scoring, description, licence, source, size)
values (:dataset, 'big', 'v', 'squad', '', '', '', 5000);
insert into examples (dataset_id, position, key, question, answers, metadata, content_hash)
select :dataset, i, i, 'What is ' || i, '{a}', '{}', i from generate_series(0, 4999) i;
insert into experiments (id, name, description, config, config_hash, model, method, dataset_id, dataset_name,
                         provenance, total, status, cancel_requested)
select case i when 0 then cast(:experiment as uuid) else gen_random_uuid() end,
       'n', '', '{}', 'h', 'm', 'naive', :dataset, 'big', '{}', 1, 'PENDING', false
from generate_series(0, 20) i;
insert into runs (experiment_id, example_id, repeat, status, exact_match, f1, latency_ms, scores, cached,
                  attempts, calls)
select e.id, x.id, r, case when n % 500 = 1 then 'failed' else 'ok' end,
       case when n % 500 > 2 then (n % 3 > 0)::int end, case when n % 500 > 2 then random() end,
       case when n % 500 != 1 then random() end, '{}', n % 1000 = 7, 1,
       jsonb_build_array(repeat('a call', 200))
from experiments e, examples x, generate_series(0, 3) r, lateral (select x.position * 4 + r) as _(n)
where e.id = :experiment or n < 500;
vacuum analyze runs;
analyze examples
"""
_FEW = 100
_ROWS = {"all": 20_000, "failed": 40, "unscored": 80, "cached": 20, "partial": 0}
INDEXED: tuple[RunSort, ...] = ("order", "latency_ms", "f1")


@pytest.fixture
async def experiment_id(runtime: Runtime) -> uuid.UUID:
    ids = {"experiment": uuid.uuid4(), "dataset": uuid.uuid4()}
    async with runtime.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in _FILL.split(";\n"):
            used = {name: value for name, value in ids.items() if f":{name}" in statement}
            await connection.execute(text(statement), used)
    return ids["experiment"]


async def plans(runtime: Runtime, read: Any) -> list[str]:
    """Return what Postgres did for each statement on runs that ``read`` makes."""
    statements: list[tuple[str, Any]] = []

    def keep(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        statements.append((statement, parameters))

    event.listen(runtime.engine.sync_engine, "before_cursor_execute", keep)
    async with runtime.sessions() as session:
        await read(RunRepository(session))
    event.remove(runtime.engine.sync_engine, "before_cursor_execute", keep)
    found = []
    async with runtime.engine.connect() as connection:
        for statement, parameters in statements:
            rows = await connection.exec_driver_sql(f"explain (analyze, timing off) {statement}", parameters)
            found.append("\n".join(row[0] for row in rows))
    return found


class TestPlans:
    async def test_along_indexes(self, runtime: Runtime, experiment_id: uuid.UUID) -> None:
        # All in one test: storing the runs takes longer than reading all these pages.
        starts = (None, Position(0.5, 10_000), Position(None, 10_000))
        asked = itertools.product(get_args(RunFilter), INDEXED, (False, True), starts)
        for where, sort, descending, after in asked:
            if sort == "order" and after is not None and after.value is not None:
                continue
            for plan in await plans(
                runtime,
                lambda runs, where=where, sort=sort, descending=descending, after=after: runs.page(
                    experiment_id, RunSelection(where), sort, descending=descending, after=after, limit=51
                ),
            ):
                assert "Seq Scan on runs" not in plan, plan
                # A page, or a rare few, which may be sorted.
                read = re.findall(r"(?: on runs .*actual rows=|Rows Removed by Filter: )(\d+)", plan)
                assert 0 < len(read) <= 2, plan
                assert sum(map(int, read)) <= _FEW, plan

    @pytest.mark.parametrize("where", get_args(RunFilter))
    async def test_counts_read_no_rows(
        self, runtime: Runtime, experiment_id: uuid.UUID, where: RunFilter
    ) -> None:
        totals = []

        async def read(runs: RunRepository) -> None:
            totals.append(await runs.count(experiment_id, RunSelection(where)))

        (plan,) = await plans(runtime, read)
        assert totals == [_ROWS.get(where, totals[0])]
        assert "Index Only Scan" in plan, plan
        assert "Heap Fetches: 0" in plan, plan

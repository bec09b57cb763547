"""What a report says of other runs of the same configuration."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.models import Experiment
from app.services.comparisons import history
from app.services.execution.executor import Executor
from app.services.report.content import Report
from app.services.report.figures.base import Drawn
from app.services.report.written import html_of
from app.services.runtime import Runtime
from tests.services.report.test_cost_section import report_of, section
from tests.support import create

HOSTILE = "<img src=x> | `a`"


async def run(runtime: Runtime, name: str, **fields: Any) -> uuid.UUID:
    found = await create(runtime, name=name, **fields)
    await Executor(runtime, found).run()
    return found


async def set_wrong(runtime: Runtime, experiment_id: uuid.UUID) -> None:
    """Make all answers of an experiment wrong, as if the model behind its name had changed."""
    async with runtime.engine.begin() as connection:
        await connection.execute(
            text("update runs set exact_match = 0 where experiment_id = :id"), {"id": experiment_id}
        )


def page_of(report: Report) -> str:
    """Return a report as HTML, without its figures."""
    sections = tuple(replace(one, figures=()) for one in report.sections)
    return html_of(replace(report, sections=sections), Drawn({}, frozenset()))


def rows_of(markdown: str) -> list[list[str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    return [line.strip("| ").split(" | ") for line in lines[2:]]


async def test_each_run_of_the_configuration_has_a_line(runtime: Runtime, dataset: str) -> None:
    first, second, third = [
        await run(runtime, name, cache=False) for name in ("one", HOSTILE, "three | night")
    ]
    other = await run(runtime, "other", seed=9)
    await set_wrong(runtime, third)
    report = await report_of(runtime, [second, other])
    written = section(report, "History")
    page = page_of(report)
    assert "<h2>History</h2>" in page
    assert "against &lt;img src=x&gt; | `a`</th>" in page
    rows = rows_of(written)
    assert [row[0] for row in rows] == [
        str(first)[:8],
        f"{str(second)[:8]}, in this report",
        str(third)[:8],
    ]
    assert [row[2] for row in rows] == ["0 of 20"] * 3
    assert [row[4] == "–" for row in rows] == [False, True, False]  # the second is the reference
    assert [row[5] == "–" for row in rows] == [True, False, False]
    assert rows[2][4].startswith("worse: −100.0 [")
    assert rows[2][5].startswith("worse: −100.0 [")
    assert all(row[6].replace(",", "").isdigit() for row in rows)
    assert {row[7] for row in rows} == {"not known"}  # mock/gold has no price
    assert "| against \\<img src=x\\> \\| \\`a\\` |" in written
    assert "was run 3 times" in written
    assert "allow for all 2 differences from the reference" in written


async def test_what_changed_between_runs_is_said(runtime: Runtime, dataset: str) -> None:
    ids = [await run(runtime, name) for name in ("x", "y")]
    async with runtime.sessions() as session:
        found = await session.get_one(Experiment, ids[1])
        found.provenance = {**found.provenance, "python": "3.99 <b>"}
        await session.commit()
    written = section(await report_of(runtime, ids), "History")
    assert written.count("in this report") == 2
    assert f"- {str(ids[1])[:8]}: Python: " in written
    assert "3.99 \\<b\\>" in written
    assert "All answers after the first experiment came from the cache" in written


async def test_a_configuration_that_was_run_once_has_none(runtime: Runtime, dataset: str) -> None:
    ids = [await run(runtime, "x"), await run(runtime, "y", seed=9)]
    report = await report_of(runtime, ids)
    assert {"History", "Selected questions"}.isdisjoint(one.title for one in report.sections)


async def test_one_that_is_older_than_the_history_is_told(
    runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, *_ = [await run(runtime, name) for name in ("old", "b", "c")]
    other = await run(runtime, "other", seed=9)

    monkeypatch.setattr(history, "MOST_SHOWN", 2)
    written = section(await report_of(runtime, [old, other]), "History")
    assert written.startswith("old has no history: The reference ")
    assert "none of the 2 results" in written

"""What a report says of the cost of experiments, their budgets, and what people wrote beside them."""

from typing import Any

import yaml

from app.domain.status import ExperimentStatus
from app.models import Experiment
from app.services.execution.executor import Executor
from app.services.report.content import Report
from app.services.report.service import COMPARISON_FILE, ReportService, Wanted
from app.services.runtime import Runtime
from tests.services.execution.test_shared_budgets import compared
from tests.support import create, stored


async def report_of(runtime: Runtime, ids: list[Any]) -> Report:
    async with runtime.sessions() as session:
        return await ReportService(session, runtime).report(Wanted(ids))


def section(report: Report, title: str) -> str:
    (found,) = [one.markdown for one in report.sections if one.title == title]
    return found


async def test_cost_and_the_budget_that_ended_an_experiment(runtime: Runtime, dataset: str) -> None:
    ids = await compared(runtime, {"calls": 45}, cache=False)
    for one in ids:
        await Executor(runtime, one).run()
    assert (await stored(runtime, ids[2])).status == ExperimentStatus.CANCELLED
    report = await report_of(runtime, ids)
    text = section(report, "Cost")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith(("| a |", "| c |"))]
    assert [row[1] for row in rows] == ["0 of 20", "0 of 5"]
    assert all(row[6] == "not known" for row in rows)  # mock/gold has no price
    assert "- Budget of the comparison: 45 of 45 calls spent. The comparison's budget" in text
    assert "- c ended early: The comparison's budget of 45 calls is spent" in text
    again = yaml.safe_load(report.attachments[COMPARISON_FILE])
    assert again["budget"] == {"calls": 45}


async def test_budgets_of_their_own(runtime: Runtime, dataset: str) -> None:
    ids = [await create(runtime, name=name, budget={"calls": 20, "tokens": 10**6}) for name in "xy"]
    for one in ids:
        await Executor(runtime, one).run()
    report = await report_of(runtime, ids)
    text = section(report, "Cost")
    assert "- Budget of x: 20 of 20 calls, " in text
    assert "- Budget of y: 0 of 20 calls, 0 of 1,000,000 tokens spent." in text  # all from the cache
    assert "| y | 20 of 20 |" in text
    assert "Notes" not in [one.title for one in report.sections]


async def test_tags_and_notes_are_shown_and_do_nothing(runtime: Runtime, dataset: str) -> None:
    ids = [await create(runtime, name=name) for name in "xy"]
    for one in ids:
        await Executor(runtime, one).run()
    async with runtime.sessions() as session:
        found = await session.get_one(Experiment, ids[1])
        found.tags, found.notes = ["nightly"], "# <b>too\nlong</b>"
        await session.commit()
    text = section(await report_of(runtime, ids), "Notes")
    assert text == "- y: tags nightly. \\# \\<b\\>too long\\</b\\>"

"""What a report says of questions that were selected by earlier answers."""

from app.domain.run_selection import RunSelection
from app.services.runtime import Runtime
from app.services.selections.service import SelectionService
from tests.services.report.test_cost_section import report_of, section
from tests.services.report.test_history_section import HOSTILE, page_of, run


async def test_from_where_the_questions_were_selected(runtime: Runtime, dataset: str) -> None:
    source = await run(runtime, HOSTILE, model="mock/gold?accuracy=0.5")
    async with runtime.sessions() as session:
        where = RunSelection(outcome="wrong")
        selected = await SelectionService(session).from_runs("mistakes", source, where, {"filter": "wrong"})
    asked = {"dataset": "mistakes"}
    ids = [await run(runtime, name, seed=seed, **asked) for seed, name in enumerate("xy")]
    report = await report_of(runtime, ids)
    titles = [one.title for one in report.sections]
    assert titles[titles.index("Method") + 1] == "Selected questions"
    written = section(report, "Selected questions")
    line, caution = written.split("\n\n")
    size, version = selected.dataset.size, selected.dataset.version[:8]
    assert line.startswith(f"- mistakes ({version}), {size} questions: selected from quiz (")
    escaped = "\\<img src=x\\> \\| \\`a\\`"
    assert line.endswith(f"by the answers of {escaped} ({str(source)[:8]}): exact match is 0, in {escaped}.")
    assert "regression to the mean" in caution
    assert "<img src=x" not in page_of(report)

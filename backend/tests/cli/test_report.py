"""Tests of the command ``report``, against the real API."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from app.cli import client
from app.core.config import Settings, get_settings
from app.services.datasets.service import DatasetService
from app.services.runtime import Runtime
from tests.cli.compared import compared, ids
from tests.cli.conftest import COMPARISON, Cli
from tests.factories import questions_jsonl

_HEADINGS = ["Hypothesis", "Method", "Results", "Cost", "Verdict", "Looked at by hand", "Make it again"]


async def test_two_experiments_become_markdown_html_and_figures(
    cli: Cli, comparison: Path, working: None, tmp_path: Path
) -> None:
    found = await compared(cli, comparison)
    out = tmp_path / "report"
    hypothesis = "All is better, by 20 points <img src=x onerror=alert(1)>."
    done = await cli("report", *ids(found), "--out", str(out), "--hypothesis", hypothesis)
    assert done.exit_code == 0, done.stderr
    text = (out / "report.md").read_text()
    assert text.startswith("# Two models\n")
    verdict = found["differences"][0]["statistics"]["verdict"]
    assert f"- {verdict}" in text.replace("\\", "")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == _HEADINGS
    page = (out / "report.html").read_text()
    assert "onerror=alert(1)&gt;" in page
    assert "<img src=x" not in page
    figures = {one.name for one in (out / "figures").iterdir()}
    drawn = {one.removesuffix("-light.svg") for one in figures if one.endswith("-light.svg")}
    assert {"forest-exact_match", "cost-exact_match"} <= drawn
    endings = ("light.png", "light.svg", "dark.png", "dark.svg")
    assert figures == {f"{one}-{ending}" for one in drawn for ending in endings}
    # Each in the page, light and dark; and nothing from elsewhere.
    assert page.count("data:image/svg+xml") == 2 * len(drawn)
    assert "://" not in page
    # What it says to run gives the same comparison.
    again = await compared(cli, out / "comparison.yaml")
    assert [one["label"] for one in again["experiments"]] == ["half", "all"]
    assert again["differences"][0]["difference"] == found["differences"][0]["difference"]


async def test_a_file_is_run_on_each_of_its_datasets(
    cli: Cli, runtime: Runtime, comparison: Path, working: None, tmp_path: Path
) -> None:
    async with runtime.sessions() as session:
        await DatasetService(session).add_file("more", "more.jsonl", questions_jsonl(5))
    comparison.write_text("datasets: [quiz, more]\n" + COMPARISON.replace("dataset: {name: quiz}, ", ""))
    done = await cli("report", str(comparison), "--out", str(tmp_path / "report"))
    assert done.exit_code == 0, done.stderr
    for dataset in ("quiz", "more"):
        assert "## Verdict" in (tmp_path / "report" / dataset / "report.md").read_text()


async def test_a_platform_is_started_for_it_where_none_runs(
    cli: Cli,
    comparison: Path,
    working: None,
    tmp_path: Path,
    api_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = ids(await compared(cli, comparison))
    started: list[Settings] = []

    def start(settings: Settings) -> AbstractContextManager[str]:
        started.append(settings)
        return nullcontext(api_url)

    monkeypatch.setattr(client, "_started", start)
    monkeypatch.delenv("LLMFORGE_API_URL")
    monkeypatch.setenv("LLMFORGE_PORT", "1")
    get_settings.cache_clear()
    done = await cli("report", *found, "--out", str(tmp_path / "report"))
    assert done.exit_code == 0, done.stderr
    assert len(started) == 1
    assert (tmp_path / "report" / "report.md").is_file()


@pytest.mark.parametrize("given", [("a.yaml", "b.yaml"), ("a.yaml", "01234567")])
async def test_ids_and_files_are_not_mixed(cli: Cli, tmp_path: Path, given: tuple[str, str]) -> None:
    done = await cli("report", *given, "--out", str(tmp_path / "report"))
    assert done.exit_code == 1
    assert "ids, or one file" in done.stderr


async def test_a_score_that_they_do_not_share(
    cli: Cli, comparison: Path, working: None, tmp_path: Path
) -> None:
    found = ids(await compared(cli, comparison))
    done = await cli("report", *found, "--metric", "beauty", "--out", str(tmp_path / "report"))
    assert done.exit_code == 1
    assert "They share: " in done.stderr
    assert not (tmp_path / "report").exists()

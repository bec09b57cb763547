"""Tests of the command ``report``, against the real API."""

from pathlib import Path

from tests.cli.compared import compared, ids
from tests.cli.conftest import Cli


async def test_two_experiments_become_markdown_html_and_figures(
    cli: Cli, comparison: Path, working: None, tmp_path: Path
) -> None:
    found = await compared(cli, comparison)
    out = tmp_path / "report"
    done = await cli("report", *ids(found), "--out", str(out), "--hypothesis", "All is better, by 20 points.")
    assert done.exit_code == 0, done.stderr
    text = (out / "report.md").read_text()
    assert text.startswith("# Two models\n")
    statistics = found["differences"][0]["statistics"]
    assert statistics["verdict"].split(",")[0] in text.replace("\\", "")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Hypothesis",
        "## Method",
        "## Results",
        "## Verdict",
        "## Looked at by hand",
        "## Make it again",
    ]
    page = (out / "report.html").read_text()
    assert "All is better, by 20 points." in page
    assert page.count("data:image/svg+xml") == 2
    assert "http" not in page.replace("http-equiv", "")
    figures = {one.name for one in (out / "figures").iterdir()}
    assert {
        f"forest-exact_match-{theme}.{ending}" for theme in ("light", "dark") for ending in ("png", "svg")
    } <= figures

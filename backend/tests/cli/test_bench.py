"""Tests of the command ``bench``, against the real API."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.cli.conftest import Cli
from tests.services.matrices.factories import raw


@pytest.fixture
def matrix(tmp_path: Path, dataset: str) -> Path:
    path = tmp_path / "matrix.yaml"
    with path.open("w") as file:
        YAML(typ="safe", pure=True).dump(raw(rounds=1), file)
    return path


async def test_runs_all_and_shows_the_cells(cli: Cli, matrix: Path, working: None) -> None:
    done = await cli("bench", str(matrix))
    assert done.exit_code == 0, done.stderr
    assert "4/4  round 1  naive" in done.stderr
    assert "1 round: the speed has no interval" in done.stderr
    for word in ("sequential", "baseline", "concurrent", "100.0 %"):
        assert word in done.stdout
    again = await cli("bench", str(matrix))
    assert "4 of them done" in again.stderr
    assert "round 1" not in again.stderr


async def test_fewer_of_everything(cli: Cli, matrix: Path, working: None) -> None:
    done = await cli("bench", str(matrix), "--n", "2", "--optimisations", "warm", "--json")
    assert done.exit_code == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["questions"] == 2
    assert shown["optimisations"] == ["sequential", "cold", "warm"]  # what warm needs, and the baseline


async def test_writes_markdown_of_several_models(
    cli: Cli, matrix: Path, tmp_path: Path, working: None
) -> None:
    out = tmp_path / "result.md"
    models = ("--model", "mock/hash", "--model", "mock/gold")
    done = await cli("bench", str(matrix), "--optimisations", "concurrent", *models, "--out", str(out))
    assert done.exit_code == 0, done.stderr
    text = out.read_text()
    assert text.startswith("# Optimisation")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Speed: mock/hash",
        "## Speed: mock/gold",
    ]


async def test_dry_run_starts_nothing(cli: Cli, matrix: Path) -> None:
    done = await cli("bench", str(matrix), "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert "4 trials of 6 questions" in done.stdout
    assert json.loads((await cli("list", "--json")).stdout)["total"] == 0


async def test_a_trial_that_fails(cli: Cli, matrix: Path, working: None) -> None:
    done = await cli("bench", str(matrix), "--model", "mock/hash?fail_rate=1&fail_kind=refused")
    assert done.exit_code == 1
    assert "did not complete" in done.stdout
    assert "4 of 4 trials failed" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--methods", "nobody"), "There is no 'nobody' among the methods"),
        (("--rounds", "99"), "rounds:"),
        (("--out", "result.pdf"), "neither .md nor .json"),
    ],
)
async def test_wrong_options(cli: Cli, matrix: Path, arguments: tuple[str, ...], words: str) -> None:
    done = await cli("bench", str(matrix), *arguments)
    assert done.exit_code == 1
    assert words in done.stderr

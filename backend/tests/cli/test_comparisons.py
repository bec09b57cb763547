"""Tests of the commands about comparisons, against the real API."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from app.cli.render import console
from app.services.datasets.service import DatasetService
from app.services.runtime import Runtime
from tests.cli.conftest import Cli
from tests.factories import questions_jsonl

COMPARISON = """
name: Two models
base: {dataset: {name: quiz}, seed: 3}
variants:
  - {name: half, model: "mock/gold?accuracy=0.3"}
  - {name: all, model: mock/gold}
"""


@pytest.fixture
def comparison(tmp_path: Path, dataset: str) -> Path:
    path = tmp_path / "comparison.yaml"
    path.write_text(COMPARISON)
    return path


async def compared_on(cli: Cli, file: Path, dataset: str) -> dict[str, Any]:
    done = await cli("run", str(file), "--dataset", dataset, "--json")
    assert done.exit_code == 0, done.stderr
    return dict(json.loads(done.stdout))


async def compared(cli: Cli, file: Path) -> dict[str, Any]:
    done = await cli("run", str(file), "--json")
    assert done.exit_code == 0, done.stderr
    return dict(json.loads(done.stdout))


def ids(comparison: dict[str, Any]) -> list[str]:
    return [one["experiment_id"] for one in comparison["experiments"]]


class TestRun:
    async def test_runs_all_and_ends_with_the_comparison(
        self, cli: Cli, comparison: Path, working: None
    ) -> None:
        done = await cli("run", str(comparison))
        assert done.exit_code == 0, done.stderr
        assert "all is better than half by" in done.stdout
        assert "100.0 %" in done.stdout

    async def test_flags_go_to_the_base(self, cli: Cli, comparison: Path) -> None:
        done = await cli("run", str(comparison), "--detach", "--json", "--limit", "4", "--seed", "9")
        configs = [one["config"] for one in json.loads(done.stdout)["experiments"]]
        assert [(one["dataset"]["n"], one["seed"]) for one in configs] == [(4, 9), (4, 9)]

    async def test_a_wrong_file_is_refused_with_its_field(self, cli: Cli, comparison: Path) -> None:
        comparison.write_text(COMPARISON.replace("name: all,", "name: all, seed: 4,"))
        done = await cli("run", str(comparison))
        assert done.exit_code == 1
        assert "variants.1.seed" in done.stderr

    async def test_without_a_base(self, cli: Cli, comparison: Path) -> None:
        comparison.write_text("name: x\nvariants: []\n")
        done = await cli("run", str(comparison))
        assert done.exit_code == 1
        assert "base" in done.stderr

    async def test_each_of_its_datasets(
        self, cli: Cli, runtime: Runtime, comparison: Path, working: None
    ) -> None:
        async with runtime.sessions() as session:
            await DatasetService(session).add_file("more", "more.jsonl", questions_jsonl(5))
        text = COMPARISON.replace("dataset: {name: quiz}, ", "")
        comparison.write_text(f"datasets: [quiz, more]\n{text}")
        done = await cli("run", str(comparison), "--json")
        assert done.exit_code == 0, done.stderr
        found = [[one["name"] for one in each["experiments"]] for each in json.loads(done.stdout)]
        assert found == [
            ["Two models, quiz: half", "Two models, quiz: all"],
            ["Two models, more: half", "Two models, more: all"],
        ]
        one = await compared_on(cli, comparison, "more")
        assert [each["name"] for each in one["experiments"]] == ["Two models: half", "Two models: all"]

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("datasets: quiz", "not a list"),
            ("datasets: []", "not a list"),
            ("datasets: [quiz]", "base.dataset.name"),
        ],
    )
    async def test_datasets_that_cannot_be(self, cli: Cli, comparison: Path, line: str, said: str) -> None:
        comparison.write_text(f"{line}\n{COMPARISON}")
        done = await cli("run", str(comparison))
        assert done.exit_code == 1
        assert said in done.stderr

    async def test_one_that_fails_has_another_exit_code(
        self, cli: Cli, comparison: Path, working: None
    ) -> None:
        failing = "mock/gold?fail_rate=0.9&fail_kind=bad_request"
        comparison.write_text(COMPARISON.replace("mock/gold}", f'"{failing}"}}'))
        assert (await cli("run", str(comparison))).exit_code == 1


class TestCompare:
    async def test_table_verdict_and_baseline(self, cli: Cli, comparison: Path, working: None) -> None:
        first, second = ids(await compared(cli, comparison))
        done = await cli("compare", first[:8], second[:8], "--baseline", second[:8])
        assert done.exit_code == 0, done.stderr
        assert "all is better than half by" in done.stdout
        assert done.stdout.index("\nall ") < done.stdout.index("\nhalf ")

    async def test_json_is_the_api_s(self, cli: Cli, comparison: Path, working: None) -> None:
        printed = await compared(cli, comparison)
        done = await cli("compare", *ids(printed), "--json")
        assert json.loads(done.stdout)["differences"] == printed["differences"]

    async def test_markdown_survives_names(self, cli: Cli, comparison: Path, working: None) -> None:
        comparison.write_text(COMPARISON.replace("name: half", "name: 'a | b [x](y)'"))
        done = await cli("compare", *ids(await compared(cli, comparison)), "--markdown")
        rows = [line for line in done.stdout.splitlines() if line.startswith("|")]
        assert len(rows) == 4
        assert {line.replace("\\|", "").count("|") for line in rows} == {7}
        assert "[x](y)" not in done.stdout

    async def test_a_narrow_terminal_cuts_no_name(
        self, cli: Cli, comparison: Path, working: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(console, "_width", 80)
        comparison.write_text(COMPARISON.replace("name: half", "name: a variant whose name is long"))
        done = await cli("compare", *ids(await compared(cli, comparison)))
        assert "…" not in done.stdout
        assert "n = 20" in " ".join(done.stdout.split())

    async def test_an_unknown_score(self, cli: Cli, comparison: Path, working: None) -> None:
        done = await cli("compare", *ids(await compared(cli, comparison)), "--metric", "beauty")
        assert done.exit_code == 1
        assert "exact_match" in done.stderr


class TestGate:
    @pytest.mark.parametrize(
        ("order", "margin", "code", "word"),
        [((0, 1), "0", 0, "PASS"), ((1, 0), "0.02", 1, "FAIL"), ((1, 0), "0.7", 2, "CANNOT TELL")],
    )
    async def test_decides_on_the_interval(
        self,
        cli: Cli,
        comparison: Path,
        working: None,
        tmp_path: Path,
        order: tuple[int, int],
        margin: str,
        code: int,
        word: str,
    ) -> None:
        found = ids(await compared(cli, comparison))
        junit, markdown = tmp_path / "gate.xml", tmp_path / "gate.md"
        done = await cli(
            "gate", "--baseline", found[order[0]], "--candidate", found[order[1]],
            "--noninferiority", margin, "--junit", str(junit), "--markdown", str(markdown),
        )  # fmt: skip
        assert done.exit_code == code, done.stdout
        assert done.stdout.startswith(word)
        suite = ET.fromstring(junit.read_text())
        assert (suite.get("failures"), suite.get("errors")) == (str(int(code == 1)), str(int(code == 2)))
        assert word in markdown.read_text()

    async def test_too_little_in_common(self, cli: Cli, comparison: Path, working: None) -> None:
        first, _ = ids(await compared(cli, comparison))
        done = await cli("gate", "--baseline", first, "--candidate", first)
        assert done.exit_code != 0

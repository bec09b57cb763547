"""Tests of the commands about comparisons, against the real API."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from app.cli.render import console
from app.services.datasets.service import DatasetService
from app.services.runtime import Runtime
from tests.cli.compared import compared, compared_on, ids
from tests.cli.conftest import COMPARISON, Cli
from tests.factories import questions_jsonl


class TestRun:
    async def test_runs_all_and_ends_with_the_comparison(
        self, cli: Cli, comparison: Path, working: None
    ) -> None:
        done = await cli("run", str(comparison))
        assert done.exit_code == 0, done.stderr
        assert "all is better than half by" in done.stdout
        assert "100.0 %" in done.stdout

    async def test_says_whether_they_are_equivalent_and_how_many_answers_are_the_same(
        self, cli: Cli, comparison: Path, working: None
    ) -> None:
        text = COMPARISON.replace("mock/gold?accuracy=0.3", "mock/gold?latency_ms=1")
        comparison.write_text(text.replace("base:", "margin: 0.25\nbase:"))
        done = await cli("run", str(comparison))
        assert done.exit_code == 0, done.stderr
        same = "all and half gave the same output in 100.0 % [83.9, 100.0] of 20 pairs"
        assert "Equivalent within 25 points: 90.0 % interval [" in done.stdout
        assert same in " ".join(done.stdout.split())
        found = ids(await compared(cli, comparison))
        alike = (await cli("compare", *found, "--margin", "0.1", "--markdown")).stdout
        assert "- Cannot tell if equivalent within 10 points: 90.0 % interval" in alike
        assert same in alike.replace("\\", "")

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

    async def test_names_are_whole_in_a_narrow_terminal(
        self, cli: Cli, comparison: Path, working: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = COMPARISON.replace("name: half", "name: half-of-the-answers").replace(
            "name: all", "name: all-answers"
        )
        comparison.write_text(text)
        found = ids(await compared(cli, comparison))
        monkeypatch.setattr("app.cli.comparisons.console", Console(width=80))
        done = await cli("compare", *found)
        assert "\nhalf-of-the-answers " in done.stdout
        assert "(20 pairs)" in done.stdout

    async def test_a_family_names_both_intervals(self, cli: Cli, comparison: Path, working: None) -> None:
        comparison.write_text(COMPARISON + '  - {name: most, model: "mock/gold?accuracy=0.6"}\n')
        found = await compared(cli, comparison)
        statistics = found["differences"][0]["statistics"]
        assert statistics["family"] == 2
        assert statistics["simultaneous_low"] < statistics["low"]
        done = await cli("compare", *ids(found))
        assert "(this comparison alone: [" in done.stdout
        assert "their intervals are simultaneous" in done.stdout
        markdown = (await cli("compare", *ids(found), "--markdown")).stdout
        assert "(this comparison alone: " in markdown
        assert "their intervals are simultaneous" in markdown
        alone = (await cli("compare", *ids(found)[:2])).stdout
        assert "alone" not in alone
        assert "simultaneous" not in alone

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

    async def test_repeats_are_compared_by_pass_at_k(self, cli: Cli, comparison: Path, working: None) -> None:
        comparison.write_text(COMPARISON.replace("seed: 3", "seed: 3, repeats: 2"))
        found = ids(await compared(cli, comparison))
        assert "llmforge repeats" in (await cli("compare", *found)).stdout
        shown = (await cli("repeats", *found)).stdout
        assert "pass@2" in shown
        assert "pass^2" in shown
        rows = json.loads((await cli("repeats", *found, "--json")).stdout)["differences"]
        assert [(one["measure"], one["k"]) for one in rows] == [("any", 2), ("all", 2)]
        alone = (await cli("repeats", found[0])).stdout
        assert "The answer changes between repeats for" in alone

    async def test_repeats_are_no_more_questions(self, cli: Cli, comparison: Path, working: None) -> None:
        comparison.write_text(COMPARISON.replace("seed: 3", "seed: 3, repeats: 3"))
        found = await compared(cli, comparison)
        scores = [one["metrics"]["scores"]["exact_match"] for one in found["experiments"]]
        assert [(one["n"], one["method"]) for one in scores] == [(60, "clustered"), (60, "wilson")]
        (difference,) = [one for one in found["differences"] if one["score"] == "exact_match"]
        assert difference["statistics"]["units"] == 20

    async def test_questions_of_equal_content_are_named_and_belong_together(
        self, cli: Cli, runtime: Runtime, comparison: Path, working: None
    ) -> None:
        async with runtime.sessions() as session:
            await DatasetService(session).add_file(
                "twice", "twice.jsonl", b"\n".join([questions_jsonl(10)] * 2)
            )
        found = await compared_on(cli, comparison, "twice")
        (difference,) = [one for one in found["differences"] if one["score"] == "exact_match"]
        assert (difference["n_paired"], difference["statistics"]["units"]) == (20, 10)
        assert [line[:56] for line in found["warnings"]] == [
            "10 of the questions have the content of another one (10,"
        ]

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


async def test_control_characters_of_names_are_visible_everywhere(
    cli: Cli, comparison: Path, working: None, tmp_path: Path
) -> None:
    nasty = r"\e]0;title\a \e[2J \x9b2J \u202e"
    comparison.write_text(COMPARISON.replace("name: half", f'name: "{nasty} half"'))
    first, second = ids(await compared(cli, comparison))
    junit, markdown = tmp_path / "gate.xml", tmp_path / "gate.md"
    said = [
        await cli("list"),
        await cli("show", first),
        await cli("compare", first, second),
        await cli("compare", first, second, "--markdown"),
        await cli("compare", first, second, "--json"),
        await cli(
            "gate",
            "--baseline",
            first,
            "--candidate",
            second,
            "--junit",
            str(junit),
            "--markdown",
            str(markdown),
        ),
    ]
    texts = [text for done in said for text in (done.stdout, done.stderr)]
    for text in [*texts, junit.read_text(), markdown.read_text()]:
        assert not {one for one in text if not one.isprintable()} - {"\n"}, text
    assert all("␛" in text for text in (said[0].stdout, said[1].stdout, said[3].stdout, markdown.read_text()))

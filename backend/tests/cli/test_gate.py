"""Tests of the command ``gate``, against the real API."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from uuid import UUID

import pytest

from app.models import Result
from app.services.runtime import Runtime
from tests.cli.compared import compared, ids
from tests.cli.conftest import COMPARISON, Cli


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

    @pytest.mark.parametrize(
        ("model", "margin", "code", "first_line"),
        [
            ("mock/gold?latency_ms=1", "0.3", 0, "PASS: equivalent within 30 points"),
            ("mock/gold?latency_ms=1", "0.02", 2, "CANNOT TELL: the interval is not within the margin"),
            ("mock/gold?accuracy=0.3", "0.02", 1, "FAIL: not equivalent: better by more than the margin"),
            ("mock/gold?accuracy=0.3", "0.95", 0, "PASS: better, but by less than the margin of 95 points"),
        ],
    )
    async def test_decides_on_equivalence(
        self,
        cli: Cli,
        comparison: Path,
        working: None,
        tmp_path: Path,
        model: str,
        margin: str,
        code: int,
        first_line: str,
    ) -> None:
        comparison.write_text(COMPARISON.replace("mock/gold?accuracy=0.3", model))
        found = ids(await compared(cli, comparison))
        junit, markdown = tmp_path / "gate.xml", tmp_path / "gate.md"
        options = ("--baseline", found[0], "--candidate", found[1], "--equivalence", margin)
        done = await cli("gate", *options, "--junit", str(junit), "--markdown", str(markdown))
        assert (done.exit_code, done.stdout.startswith(first_line)) == (code, True), done.stdout
        assert "90.0 % interval" in done.stdout
        suite = ET.fromstring(junit.read_text())
        assert (suite.get("failures"), suite.get("errors")) == (str(int(code == 1)), str(int(code == 2)))
        assert suite[0].get("name") == "exact_match is equivalent"
        assert first_line in markdown.read_text()
        said = json.loads((await cli("gate", *options, "--json")).stdout)
        assert (said["margin"], said["equivalence"]["margin"]) == (float(margin), float(margin))

    @pytest.mark.parametrize("repeats", [1, 3])
    async def test_a_few_equal_answers_are_no_evidence(
        self, cli: Cli, comparison: Path, working: None, repeats: int
    ) -> None:
        text = COMPARISON.replace("mock/gold?accuracy=0.3", "mock/gold?latency_ms=1")
        comparison.write_text(text.replace("seed: 3", f"seed: 3, repeats: {repeats}"))
        found = ids(await compared(cli, comparison))
        done = await cli("gate", "--baseline", found[0], "--candidate", found[1], "--noninferiority", "0.001")
        assert (done.exit_code, done.stdout[:11]) == (2, "CANNOT TELL"), done.stdout
        assert "[0.0, 0.0]" not in done.stdout

    async def test_fewer_questions_than_a_decision_needs(
        self, cli: Cli, comparison: Path, working: None
    ) -> None:
        comparison.write_text(COMPARISON.replace("name: quiz", "name: quiz, n: 8"))
        found = ids(await compared(cli, comparison))
        done = await cli("gate", "--baseline", found[0], "--candidate", found[1], "--noninferiority", "1")
        assert done.exit_code == 2
        assert "20 independent questions" in done.stdout
        assert "8" in done.stdout.splitlines()[0]

    async def test_failed_runs_decide(
        self, cli: Cli, comparison: Path, working: None, tmp_path: Path
    ) -> None:
        """What is answered passes; half of it failed."""
        text = COMPARISON.replace("mock/gold}", '"mock/gold?fail_rate=0.5&fail_kind=bad_request"}')
        text = text.replace("seed: 3", "seed: 3, max_failed_share: 1")
        comparison.write_text(text.replace("accuracy=0.3", "accuracy=0.6"))
        found = ids(await compared(cli, comparison))
        junit, markdown = tmp_path / "gate.xml", tmp_path / "gate.md"
        done = await cli(
            "gate", "--baseline", found[0], "--candidate", found[1], "--noninferiority", "0.02",
            "--junit", str(junit), "--markdown", str(markdown),
        )  # fmt: skip
        assert done.exit_code == 2, done.stdout
        pairs = "On the "
        assert pairs in (await cli("compare", *found)).stdout
        assert pairs in markdown.read_text()
        assert "runs of all" in done.stdout
        assert "runs of all" in junit.read_text()
        assert "runs of all" in markdown.read_text()

    @pytest.mark.parametrize(("order", "margin"), [((0, 1), "0"), ((1, 0), "0.02")])
    async def test_planned_runs_that_were_never_made_leave_it_open(
        self,
        cli: Cli,
        comparison: Path,
        working: None,
        runtime: Runtime,
        order: tuple[int, int],
        margin: str,
    ) -> None:
        """What was run would pass, or fail; a candidate that was stopped was to answer three more."""
        found = ids(await compared(cli, comparison))
        candidate = found[order[1]]
        async with runtime.sessions.begin() as session:
            result = await session.get_one(Result, UUID(candidate))
            counts = {**result.metrics["counts"], "missing": 3}
            result.metrics = {**result.metrics, "counts": counts}
        options = ("--baseline", found[order[0]], "--candidate", candidate, "--noninferiority", margin)
        done = await cli("gate", *options)
        assert (done.exit_code, done.stdout.splitlines()[0]) == (
            2,
            "CANNOT TELL: 3 planned runs were not run",
        )
        assert json.loads((await cli("gate", *options, "--json")).stdout)["decision"] == "cannot tell"

    async def test_what_ended_early_is_decided_by_the_anytime_valid_interval(
        self, cli: Cli, comparison: Path, working: None
    ) -> None:
        """It needs fewer questions than an ordinary interval, which is shown for the record."""
        text = COMPARISON.replace("mock/gold?accuracy=0.3", "mock/fixed?text=no")
        comparison.write_text(text.replace("base:", "stop: settled\nbase:"))
        found = ids(await compared(cli, comparison))
        for options, code, first_line in (
            (("--noninferiority", "0"), 0, "PASS: not worse"),
            (("--equivalence", "0.02"), 1, "FAIL: not equivalent: better by more than the margin"),
            (("--equivalence", "0.9"), 2, "CANNOT TELL: the interval is not within the margin"),
        ):
            done = await cli("gate", "--baseline", found[0], "--candidate", found[1], *options)
            assert (done.exit_code, done.stdout[: len(first_line)]) == (code, first_line), done.stdout
            assert "settled after 8 questions" in done.stdout
            assert "For the record: exact_match: candidate − baseline" in done.stdout

    @pytest.mark.parametrize(
        "change",
        [
            {"--metric": "beauty"},
            {"--candidate": "0123456789ab"},
            {"--candidate": "no"},
            {"--candidate": "00000000-0000-4000-8000-000000000000"},
            {"--noninferiority": "nan"},
            {"--noninferiority": "2"},
            {"--equivalence": "0"},
            {"--equivalence": "0.02", "--noninferiority": "0.02"},
        ],
        ids=str,
    )
    async def test_an_error_of_use_is_no_decision(
        self, cli: Cli, comparison: Path, working: None, change: dict[str, str]
    ) -> None:
        first, second = ids(await compared(cli, comparison))
        given = {"--baseline": first, "--candidate": second, **change}
        done = await cli("gate", *(part for pair in given.items() for part in pair))
        assert (done.exit_code, done.stdout) == (2, "")

    async def test_too_little_in_common(self, cli: Cli, comparison: Path, working: None) -> None:
        first, _ = ids(await compared(cli, comparison))
        done = await cli("gate", "--baseline", first, "--candidate", first)
        assert done.exit_code == 2

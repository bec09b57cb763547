"""Tests of ``gate --policy``, against the real API."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cli.compared import compared, ids
from tests.cli.conftest import Cli

POLICY = """
name: Release
supporting_failures: 2
rules:
  - {dataset: quiz, noninferiority: 0.02}
  - {dataset: quiz, score: f1, tier: supporting, equivalence: 0.5}
  - {dataset: quiz, score: contains, tier: advisory}
  - {dataset: other, tier: supporting}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


async def given(cli: Cli, comparison: Path, *, worse: bool) -> tuple[str, ...]:
    first, second = ids(await compared(cli, comparison))
    baseline, candidate = (second, first) if worse else (first, second)
    return ("--baseline", baseline, "--candidate", candidate)


async def test_decides_by_the_rules(
    cli: Cli, comparison: Path, working: None, policy: Path, tmp_path: Path
) -> None:
    options = await given(cli, comparison, worse=False)
    junit, markdown = tmp_path / "gate.xml", tmp_path / "gate.md"
    files = ("--junit", str(junit), "--markdown", str(markdown))
    done = await cli("gate", "--policy", str(policy), *options, *files)
    first_line, *lines = done.stdout.splitlines()
    assert (done.exit_code, first_line[:5]) == (0, "PASS:"), done.stdout
    assert "critical 1 passed, supporting 2 undecided, advisory 1 passed; 2 supporting" in first_line
    assert lines[0].split()[:2] == ["pass", "critical"]
    assert "98.3 % interval" in lines[0]
    assert "other: no baseline of other was given" in lines[3]
    assert "3 critical and supporting rules are one family" in done.stdout
    suite = ET.fromstring(junit.read_text())
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["4", "0", "2"]
    assert suite[2].find("system-out") is not None
    assert "| critical | quiz | exact\\_match | pass |" in markdown.read_text()
    said = json.loads((await cli("gate", "--policy", str(policy), *options, "--json")).stdout)
    assert (said["decision"], said["rules"][0]["level"]) == ("pass", pytest.approx(1 - 0.05 / 3))


async def test_a_critical_rule_that_fails(cli: Cli, comparison: Path, working: None, policy: Path) -> None:
    options = await given(cli, comparison, worse=True)
    done = await cli("gate", "--policy", str(policy), *options)
    assert (done.exit_code, done.stdout[:5]) == (1, "FAIL:"), done.stdout


async def test_a_critical_rule_without_its_experiment(
    cli: Cli, comparison: Path, working: None, policy: Path
) -> None:
    options = await given(cli, comparison, worse=False)
    policy.write_text("name: x\nrules: [{dataset: other}, {dataset: quiz, score: beauty, tier: advisory}]")
    done = await cli("gate", "--policy", str(policy), *options)
    assert (done.exit_code, done.stdout[:12]) == (2, "CANNOT TELL:"), done.stdout
    assert "they do not share this score, but" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [{dataset: quiz}]", "name: Field required"),
        ("name: x\nrules: []", "rules: List should have at least 1 item"),
        ("name: x\nrules: [{dataset: quiz, tier: vital}]", "rules.0.tier"),
        ("name: x\nrules: [{dataset: quiz, equivalence: .1, noninferiority: .1}]", "choose one of them"),
        ("name: x\nrules: [{dataset: quiz}, {dataset: quiz}]", "two rules are of exact_match on quiz"),
        ("- 1", "does not contain a policy"),
    ],
)
async def test_a_wrong_policy_is_no_decision(cli: Cli, policy: Path, text: str, said: str) -> None:
    policy.write_text(text)
    done = await cli("gate", "--policy", str(policy), "--baseline", "abcd", "--candidate", "bcde")
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


async def test_wrong_options_are_no_decision(cli: Cli, comparison: Path, working: None, policy: Path) -> None:
    options = await given(cli, comparison, worse=False)
    done = await cli("gate", "--policy", str(policy), *options, "--candidate", options[1])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Two of the candidates are of quiz" in done.stderr
    done = await cli("gate", "--policy", str(policy), *options, "--metric", "f1")
    assert (done.exit_code, done.stdout) == (2, "")

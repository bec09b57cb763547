"""Tests of what the command line does with runs that there are: scorings, datasets, slices, histories."""

import json
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from app.services.datasets.service import DatasetService
from app.services.runtime import Runtime
from tests.cli.compared import compared, ids
from tests.cli.conftest import Cli

LINES = """
name: Two lines
base: {dataset: {name: topics}, seed: 3}
variants:
  - {name: sevens, model: "mock/fixed?text=thing+7%0Athing+3"}
  - {name: all, model: mock/gold}
"""


@pytest.fixture
async def two(cli: Cli, runtime: Runtime, tmp_path: Path, working: None) -> list[str]:
    """Two experiments on 40 questions of two topics: the first is right once, by either of its two lines."""
    rows = [
        {"question": f"Item {place}?", "answer": f"thing {place}", "topic": ("even", "odd")[place % 2]}
        for place in range(40)
    ]
    async with runtime.sessions() as session:
        await DatasetService(session).add_file("topics", "topics.jsonl", b"\n".join(map(orjson.dumps, rows)))
    file = tmp_path / "lines.yaml"
    file.write_text(LINES)
    return ids(await compared(cli, file))


async def said(cli: Cli, *arguments: str, code: int = 0) -> str:
    done = await cli(*arguments)
    assert done.exit_code == code, done.stderr
    return done.stdout


async def test_scored_again_compared_and_gated(cli: Cli, two: list[str]) -> None:
    for one in two:
        shown = await cli("rescore", one[:8], "--name", "last", "--parser", "last_line")
        assert shown.exit_code == 0, shown.stderr
        assert "scoring last of" in shown.stderr
    assert "40 of 40" in await said(cli, "scorings", two[0])
    gate = ("gate", "--baseline", two[1], "--candidate", two[0], "--scoring")
    assert "exact_match" in await said(cli, *gate, "last", code=1)
    none = await cli(*gate, "none")
    assert (none.exit_code, "no scoring 'none'" in none.stderr) == (2, True)
    by_history = await said(cli, "history", two[0], "--scoring", "last", "--json")
    assert json.loads(by_history)["scoring"] == "last"


async def test_a_policy_with_a_rule_of_each_scoring(cli: Cli, two: list[str], tmp_path: Path) -> None:
    for one in two:
        await said(cli, "rescore", one, "--name", "last", "--parser", "last_line")
    policy = tmp_path / "gate.yaml"
    policy.write_text(
        "name: both\nrules:\n  - {dataset: topics}\n  - {dataset: topics, scoring: last, tier: supporting}\n"
    )
    given = ("--policy", str(policy), "--baseline", two[0], "--candidate", two[1])
    text = await said(cli, "gate", *given)
    assert "exact_match on topics: not worse" in text
    assert "exact_match by the scoring last on topics: not worse" in text
    refused = await cli("gate", *given, "--scoring", "last")
    assert (refused.exit_code, "Leave these options out" in refused.stderr) == (2, True)


async def test_slices_of_a_comparison(cli: Cli, two: list[str]) -> None:
    text = await said(cli, "compare", *two, "--by", "topic")
    assert "even" in text
    assert "allow for all 2 differences" in text
    found = json.loads(await said(cli, "compare", *two, "--by", "topic", "--json"))
    assert [(one["value"], one["questions"]) for one in found["slices"]] == [("even", 20), ("odd", 20)]
    assert "| even | 20 |" in await said(cli, "compare", *two, "--by", "topic", "--markdown")
    wrong = await cli("compare", *two, "--by", "colour")
    assert (wrong.exit_code, "no field 'colour'" in wrong.stderr) == (1, True)


async def test_a_dataset_of_what_is_wrong(cli: Cli, api: httpx.AsyncClient, two: list[str]) -> None:
    await said(cli, "rescore", two[0], "--name", "last", "--parser", "last_line")
    wanted = {
        "wrong": ("--filter", "wrong"),
        "odd": ("--filter", "correct", "--slice", "topic=odd"),
        "last": ("--filter", "correct", "--scoring", "last"),
        "unread": ("--label", "none"),
    }
    sizes = {}
    for name, filters in wanted.items():
        made = await said(cli, "datasets", "from-runs", f"topics-{name}", two[0], *filters, "--json")
        sizes[name] = json.loads(made)["size"]
    assert sizes == {"wrong": 39, "odd": 1, "last": 1, "unread": 40}
    shown = await cli("datasets", "from-runs", "topics-again", two[0], "--filter", "wrong")
    assert "added topics-again" in shown.stderr
    nothing = await cli("datasets", "from-runs", "topics-none", two[0], "--filter", "failed")
    assert (nothing.exit_code, "nothing to store" in nothing.stderr) == (1, True)
    params: dict[str, Any] = {"limit": 100}
    example = (await api.get("/api/v1/datasets/topics-last/examples", params=params)).json()["items"]
    assert [one["answers"] for one in example] == [["thing 3"]]


async def test_the_same_configuration_again(cli: Cli, file: Path, working: None) -> None:
    await said(cli, "run", str(file))
    again = json.loads(await said(cli, "run", str(file), "--json"))
    text = await cli("history", again["experiment"]["id"])
    assert text.exit_code == 0, text.stderr
    assert "reference" in text.stdout
    assert "10 of 10" in text.stdout
    assert "came from the cache" in text.stderr
    unknown = await cli("history", again["experiment"]["id"], "--metric", "beauty")
    assert (unknown.exit_code, "no score 'beauty'" in unknown.stderr) == (1, True)

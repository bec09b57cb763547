"""Tests of what commands print about stages."""

import json
from pathlib import Path

from tests.cli.conftest import Cli

COMPARISON = """
name: Two speeds
base: {dataset: {name: quiz, n: 6}, cache: false}
variants:
  - {name: quick, model: "mock/gold?latency_ms=1"}
  - {name: slow, model: "mock/gold?latency_ms=120"}
"""


async def test_show_and_compare_say_where_the_time_goes(
    cli: Cli, tmp_path: Path, dataset: str, working: None
) -> None:
    file = tmp_path / "comparison.yaml"
    file.write_text(COMPARISON)
    done = await cli("run", str(file), "--json")
    assert done.exit_code == 0, done.stderr
    ids = [one["experiment_id"] for one in json.loads(done.stdout)["experiments"]]
    shown = (await cli("show", ids[1])).stdout
    assert "% is the model's answer" in shown
    assert "model call" in shown
    assert "not measured" in shown  # of the first token
    table = (await cli("compare", *ids, "--stages")).stdout
    assert [line.split("  ")[0] for line in table.splitlines()[:3]] == [
        "Mean time of a question",
        "A question's own time",
        "With waits for others",
    ]
    call = next(line for line in table.splitlines() if line.startswith("Model call"))
    assert "+" in call
    assert "p = " in call
    found = json.loads((await cli("compare", *ids, "--stages", "--baseline", ids[1], "--json")).stdout)
    assert found["baseline_id"] == ids[1]
    assert all(one["experiment_id"] == ids[0] for one in found["differences"])

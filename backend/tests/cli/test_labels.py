"""Tests of the commands about people's labels."""

import json
from pathlib import Path
from typing import Any

import httpx

from tests.cli.conftest import Cli


async def test_labels_are_added_listed_and_shown(
    cli: Cli, api: httpx.AsyncClient, tmp_path: Path, comparison: Path, working: None
) -> None:
    done = await cli("run", str(comparison), "--json")
    ids = [one["experiment_id"] for one in json.loads(done.stdout)["experiments"]]
    assert "Nobody has labelled" in (await cli("labels", "show", *ids)).stderr
    params: dict[str, Any] = {"ids": ids, "labeller": "ada", "limit": 24}
    queue = (await api.get("/api/v1/labels/queue", params=params)).json()["waiting"]
    labels = [
        {
            "run_id": one["run_id"],
            "labeller": "ada",
            "verdict": "right" if one["answer"] == one["gold"][0] else "wrong",
            "note": "[red]no markup[/red]",
        }
        for one in queue
    ]
    file = tmp_path / "labels.jsonl"
    file.write_text("\n".join(map(json.dumps, labels)) + "\n\n")
    assert "stored 24 labels" in (await cli("labels", "add", str(file))).stderr
    listed = await cli("labels", "list", *ids)
    assert "[red]no markup[/red]" in listed.stdout
    assert len(json.loads((await cli("labels", "list", *ids, "--json")).stdout)) == 24
    shown = await cli("labels", "show", *(one[:8] for one in ids))
    assert "12 of 20" in shown.stdout
    assert "exact_match" in shown.stdout
    assert "Krippendorff" in shown.stdout
    assert "label 30 or more" in shown.stderr
    assert json.loads((await cli("labels", "show", *ids, "--json")).stdout)["labellers"] == {"ada": 24}


async def test_a_wrong_file_stores_nothing_and_names_its_line(
    cli: Cli, tmp_path: Path, api: httpx.AsyncClient
) -> None:
    right = '{"run_id": 1, "labeller": "ada", "verdict": "right"}'
    for text, said in [
        (f"{right}\n{{", "Line 2"),
        (f'{right}\n\n{{"run_id": 1, "labeller": "ada", "verdict": "perhaps"}}', "Line 3"),
        ("\n", "holds no label"),
    ]:
        file = tmp_path / "labels.jsonl"
        file.write_text(text)
        done = await cli("labels", "add", str(file))
        assert done.exit_code == 1
        assert said in done.stderr
    assert "cannot be read" in (await cli("labels", "add", str(tmp_path / "none"))).stderr

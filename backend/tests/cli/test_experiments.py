"""Tests of the commands about experiments, against the real API."""

import csv
import io
import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.services.runtime import Runtime
from tests.cli.conftest import Cli
from tests.support import stored

FAILING = ("--model", "mock/echo?fail_rate=1&fail_kind=bad_request")


async def ran(cli: Cli, file: Path, *arguments: str) -> dict[str, Any]:
    done = await cli("run", str(file), "--json", *arguments)
    assert done.exit_code == 0, done.stderr
    return dict(json.loads(done.stdout))


async def queued(cli: Cli, file: Path, *arguments: str) -> str:
    done = await cli("run", str(file), "--detach", *arguments)
    assert done.exit_code == 0, done.stderr
    return str(uuid.UUID(done.stdout.strip()))


class TestRun:
    async def test_follows_and_prints(self, cli: Cli, file: Path, working: None) -> None:
        done = await cli("run", str(file))
        assert done.exit_code == 0
        assert "from a file" in done.stdout
        assert "COMPLETED" in done.stdout
        assert "10 answered, 0 failed" in done.stdout
        assert "100.0 %" in done.stdout

    async def test_json_is_all_of_standard_output(self, cli: Cli, file: Path, working: None) -> None:
        printed = await ran(cli, file)
        assert printed["experiment"]["status"] == "COMPLETED"
        assert printed["experiment"]["config"]["seed"] == 3
        assert printed["result"]["metrics"]["counts"]["ok"] == 10

    async def test_flags_override_the_file(self, cli: Cli, file: Path) -> None:
        flags = ["--model", "mock/hash", "--limit", "4", "--seed", "9", "--concurrency", "2"]
        done = await cli("run", str(file), "--detach", "--json", *flags)
        config = json.loads(done.stdout)["config"]
        assert (config["model"], config["dataset"]["n"]) == ("mock/hash", 4)
        assert (config["seed"], config["concurrency"], config["name"]) == (9, 2, "from a file")

    async def test_detached_only_queues(self, cli: Cli, file: Path, runtime: Runtime) -> None:
        experiment = await stored(runtime, uuid.UUID(await queued(cli, file)))
        assert experiment.status == "PENDING"
        assert experiment.queued_at is not None

    async def test_a_failed_experiment(self, cli: Cli, file: Path, working: None) -> None:
        done = await cli("run", str(file), *FAILING)
        assert done.exit_code == 1
        assert "FAILED" in done.stdout
        assert "max_failed_share" in done.stdout

    async def test_what_cannot_start_is_not_left_behind(
        self, cli: Cli, file: Path, api: httpx.AsyncClient
    ) -> None:
        done = await cli("run", str(file), "--model", "openai/gpt-4o-mini")
        assert done.exit_code == 1
        assert "OPENAI_API_KEY" in done.stderr
        assert (await api.get("/api/v1/experiments")).json()["total"] == 0

    @pytest.mark.parametrize(
        ("flags", "said"),
        [
            (["--limit", "21"], "dataset.n: must be at most 20"),
            (["--model", "nobody/knows"], "Providers: "),
            (["--model", "x"], "model: "),
        ],
    )
    async def test_what_the_api_refuses(self, cli: Cli, file: Path, flags: list[str], said: str) -> None:
        done = await cli("run", str(file), *flags)
        assert done.exit_code == 1
        assert said in done.stderr
        assert done.stdout == ""

    async def test_flags_say_how_calls_are_sent(self, cli: Cli, file: Path, working: None) -> None:
        flags = ["--mode", "batched", "--batch-size", "4", "--schedule", "by_prefix"]
        config = (await ran(cli, file, *flags))["experiment"]["config"]
        wanted = {"mode": "batched", "batch_size": 4, "schedule": "by_prefix", "prefix_cache": False}
        assert config["execution"].items() >= wanted.items()

    @pytest.mark.parametrize(
        "flags", [["--limit", "0"], ["--seed", "-1"], ["--concurrency", "x"], ["--what"]]
    )
    async def test_wrong_flags(self, cli: Cli, file: Path, flags: list[str]) -> None:
        assert (await cli("run", str(file), *flags)).exit_code == 2


class TestListAndShow:
    async def test_list(self, cli: Cli, file: Path, working: None) -> None:
        first = (await ran(cli, file))["experiment"]["id"]
        second = (await ran(cli, file, "--model", "mock/hash"))["experiment"]["id"]
        page = json.loads((await cli("list", "--json")).stdout)
        assert [item["id"] for item in page["items"]] == [second, first]
        only = json.loads(
            (await cli("list", "--json", "--model", "mock/gold", "--status", "completed")).stdout
        )
        assert [item["id"] for item in only["items"]] == [first]
        table = (await cli("list", "--limit", "1")).stdout
        assert second[:8] in table
        assert first[:8] not in table
        assert "10/10" in table

    async def test_an_empty_list(self, cli: Cli) -> None:
        done = await cli("list")
        assert (done.exit_code, done.stdout) == (0, "")
        assert "llmforge run" in done.stderr

    async def test_an_unknown_key_to_sort_by(self, cli: Cli) -> None:
        done = await cli("list", "--sort", "-colour")
        assert done.exit_code == 1
        assert "created_at" in done.stderr

    async def test_show_by_the_beginning_of_an_id(self, cli: Cli, file: Path, working: None) -> None:
        experiment_id = (await ran(cli, file))["experiment"]["id"]
        for given in (experiment_id, experiment_id[:4], experiment_id[:8].upper()):
            shown = json.loads((await cli("show", given, "--json")).stdout)
            assert shown["experiment"]["id"] == experiment_id
        assert "100.0 %" in (await cli("show", experiment_id)).stdout

    async def test_show_before_there_is_a_result(self, cli: Cli, file: Path) -> None:
        experiment_id = await queued(cli, file)
        done = await cli("show", experiment_id)
        assert done.exit_code == 0
        assert "PENDING" in done.stdout
        assert json.loads((await cli("show", experiment_id, "--json")).stdout)["result"] is None

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("abc", "too short"),
            ("ffffffff-ffff", "No experiment has an id that begins with ffffffff-ffff"),
            ("4dacb2f4-b8b8-4eff-81f8-ea44d0e0a113", "There is no experiment"),
            ("x" * 36, "error"),
        ],
    )
    async def test_an_id_that_is_none(self, cli: Cli, given: str, said: str) -> None:
        for command in ("show", "export", "cancel", "resume"):
            done = await cli(command, given)
            assert done.exit_code == 1
            assert said in done.stderr

    async def test_a_beginning_that_is_not_unique(self, cli: Cli, file: Path, runtime: Runtime) -> None:
        for _ in range(2):
            await queued(cli, file)
        async with runtime.engine.begin() as database:
            await database.exec_driver_sql(
                "update experiments set id = ('aaaaaaaa' || substr(id::text, 9))::uuid"
            )
        done = await cli("show", "aaaa")
        assert done.exit_code == 1
        assert "2 experiments have an id that begins with aaaa" in done.stderr


class TestExport:
    async def test_formats(self, cli: Cli, file: Path, working: None, tmp_path: Path) -> None:
        experiment_id = (await ran(cli, file))["experiment"]["id"]
        lines = (await cli("export", experiment_id)).stdout.splitlines()
        assert len([json.loads(line) for line in lines]) == 10
        table = (await cli("export", experiment_id, "-f", "csv")).stdout
        assert len(list(csv.DictReader(io.StringIO(table)))) == 10
        target = tmp_path / "out.parquet"
        done = await cli("export", experiment_id, "--format", "parquet", "--output", str(target))
        assert done.exit_code == 0
        assert target.read_bytes()[:4] == b"PAR1"
        assert not target.with_name("out.parquet.partial").exists()
        log = tmp_path / "log.eval"
        done = await cli("export", experiment_id, "--format", "inspect", "--output", str(log))
        assert done.exit_code == 0
        with zipfile.ZipFile(log) as archive:
            assert json.loads(archive.read("header.json"))["status"] == "success"

    async def test_a_format_that_is_none(self, cli: Cli, file: Path, working: None) -> None:
        experiment_id = (await ran(cli, file))["experiment"]["id"]
        done = await cli("export", experiment_id, "-f", "xlsx")
        assert done.exit_code == 1
        assert "format" in done.stderr

    async def test_a_place_that_cannot_be_written(
        self, cli: Cli, file: Path, working: None, tmp_path: Path
    ) -> None:
        experiment_id = (await ran(cli, file))["experiment"]["id"]
        done = await cli("export", experiment_id, "-o", str(tmp_path / "no" / "such" / "folder"))
        assert done.exit_code == 1
        assert "Cannot write" in done.stderr


class TestCancelAndResume:
    async def test_cancel_a_queued_one(self, cli: Cli, file: Path) -> None:
        experiment_id = await queued(cli, file)
        done = await cli("cancel", experiment_id, "--json")
        assert json.loads(done.stdout)["status"] == "CANCELLED"
        again = await cli("cancel", experiment_id)
        assert again.exit_code == 1
        assert "has ended" in again.stderr

    async def test_resume_a_cancelled_one_as_its_child(
        self, cli: Cli, file: Path, runtime: Runtime, request: pytest.FixtureRequest
    ) -> None:
        experiment_id = await queued(cli, file)
        await cli("cancel", experiment_id)
        done = await cli("resume", experiment_id, "--detach", "--json")
        child = json.loads(done.stdout)
        assert child["parent_id"] == experiment_id
        assert child["id"] != experiment_id
        assert (await stored(runtime, uuid.UUID(child["id"]))).queued_at is not None

    async def test_resume_follows_to_the_end(self, cli: Cli, file: Path, working: None) -> None:
        failed = await cli("run", str(file), *FAILING, "--json")
        failed_id = json.loads(failed.stdout)["experiment"]["id"]
        done = await cli("resume", failed_id, "--json")
        assert done.exit_code == 1  # it fails again, and that is not hidden
        assert json.loads(done.stdout)["experiment"]["parent_id"] == failed_id

    async def test_a_complete_one_needs_no_resume(self, cli: Cli, file: Path, working: None) -> None:
        experiment_id = (await ran(cli, file))["experiment"]["id"]
        done = await cli("resume", experiment_id)
        assert done.exit_code == 1
        assert "complete" in done.stderr

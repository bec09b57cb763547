"""Tests of the other commands: datasets, models, doctor, help, and an API that is not there."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.core.config import Settings, get_settings
from tests.cli.conftest import Cli
from tests.factories import questions_jsonl

WITH_DATA = ("run", "list", "show", "cancel", "resume", "models", "doctor")
OTHERS = ("export", "up", "demo", "worker", "api")


class TestHelp:
    @pytest.mark.parametrize("command", [*WITH_DATA, *OTHERS, "datasets list", "datasets add"])
    def test_of_each_command(self, command: str) -> None:
        done = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
        assert done.exit_code == 0
        assert f"{command} " in done.stdout
        assert ("--json" in done.stdout) == (command not in OTHERS)

    def test_names_every_command(self) -> None:
        done = CliRunner().invoke(app, ["--help"])
        assert all(name in done.stdout for name in [*WITH_DATA, *OTHERS, "datasets"])


class TestDatasets:
    async def test_add_and_list(self, cli: Cli, tmp_path: Path) -> None:
        file = tmp_path / "mine.jsonl"
        file.write_bytes(questions_jsonl(7, "mine"))
        added = json.loads((await cli("datasets", "add", "mine", str(file), "--json")).stdout)
        assert (added["name"], added["size"], added["created"]) == ("mine", 7, True)
        again = await cli("datasets", "add", "mine", str(file))
        assert again.exit_code == 0
        assert "exists already" in again.stderr
        rows = json.loads((await cli("datasets", "list", "--json")).stdout)
        assert {row["name"] for row in rows} >= {"mine", "trivia_qa"}
        assert "mine" in (await cli("datasets", "list")).stdout

    async def test_a_wrong_line_is_named_and_nothing_stored(self, cli: Cli, tmp_path: Path) -> None:
        file = tmp_path / "bad.jsonl"
        file.write_text('{"question": "q", "answer": "a"}\n{"question": "no answer"}\n')
        done = await cli("datasets", "add", "bad", str(file))
        assert done.exit_code == 1
        assert "line 2" in done.stderr
        rows = json.loads((await cli("datasets", "list", "--json")).stdout)
        assert "bad" not in {row["name"] for row in rows}

    async def test_a_file_that_is_not_there(self, cli: Cli, tmp_path: Path) -> None:
        done = await cli("datasets", "add", "x", str(tmp_path / "none.jsonl"))
        assert done.exit_code == 1
        assert "Cannot read" in done.stderr


class TestModels:
    async def test_as_json(self, cli: Cli) -> None:
        catalog = json.loads((await cli("models", "--json")).stdout)
        states = {model["name"]: model["state"] for model in catalog["models"]}
        assert states["mock/echo"] == "ready"
        assert states["openai/gpt-4o-mini"] == "key_missing"

    async def test_as_a_table_says_what_to_do(self, cli: Cli) -> None:
        done = await cli("models")
        assert done.exit_code == 0
        assert "set OPENAI_API_KEY" in done.stdout
        assert "mock/…" in done.stdout

    async def test_check_asks_and_says_what_does_not_answer(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("OLLAMA", "LMSTUDIO", "VLLM", "SGLANG", "LLAMACPP", "LITELLM"):
            monkeypatch.setenv(f"{name}_BASE_URL", "http://127.0.0.1:11")
        assert "not checked" in (await cli("models")).stdout
        checked = (await cli("models", "--check")).stdout
        assert "unreachable" in checked
        assert "OLLAMA_BASE_URL" in checked
        assert "set CUSTOM_BASE_URL" in checked


class TestDoctor:
    async def test_as_json(self, cli: Cli) -> None:
        done = await cli("doctor", "--json")
        checks = {check["name"]: check for check in json.loads(done.stdout)}
        assert checks["queue"]["state"] == "ok"
        assert checks["platform"]["state"] == "note"
        assert "llmforge up" in checks["platform"]["advice"]
        assert "OPENAI_API_KEY" in checks["  openai"]["message"]
        assert done.exit_code == (1 if "bad" in {check["state"] for check in checks.values()} else 0)

    async def test_something_broken(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
        get_settings.cache_clear()
        done = await cli("doctor")
        assert done.exit_code == 1
        assert "Redis does not answer" in done.stdout
        assert "Check REDIS_URL" in done.stdout

    async def test_a_broken_catalog(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        broken = tmp_path / "models.yaml"
        broken.write_text("providers: [")
        monkeypatch.setenv("LLMFORGE_CATALOG", str(broken))
        get_settings.cache_clear()
        done = await cli("doctor")
        assert done.exit_code == 1
        assert "is not valid YAML" in done.stdout

    async def test_shows_no_key(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-secret")
        done = await cli("doctor", "--json")
        assert "OPENAI_API_KEY is set" in done.stdout
        assert "planted" not in done.stdout + done.stderr


class TestNoApi:
    def test_the_configured_one_does_not_answer(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LLMFORGE_API_URL", "http://127.0.0.1:1")
        done = CliRunner().invoke(app, ["list"])
        assert done.exit_code == 1
        assert "http://127.0.0.1:1 does not answer" in done.stderr
        assert "llmforge doctor" in done.stderr

    def test_none_runs_and_none_is_started(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLMFORGE_PORT", "1")
        get_settings.cache_clear()
        done = CliRunner().invoke(app, ["cancel", "abcdef"])
        assert done.exit_code == 1
        assert "No platform is running" in done.stderr

    def test_a_worker_needs_addresses(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REDIS_URL", "")
        get_settings.cache_clear()
        done = CliRunner().invoke(app, ["worker"])
        assert done.exit_code == 1
        assert "REDIS_URL" in done.stderr

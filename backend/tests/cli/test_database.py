"""Backup, restore and move on the command line, with the embedded server running or not."""

import asyncio
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from app.core.config import get_settings
from app.core.embedded.database import embedded_database
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.processes import ProcessError
from app.services.execution.executor import Executor
from app.services.runtime import Runtime
from tests.cli.conftest import Cli
from tests.services.backup.conftest import contents
from tests.support import create


@pytest.fixture
async def worked(runtime: Runtime, dataset: str) -> Runtime:
    """A database with an ended experiment."""
    await Executor(runtime, await create(runtime)).run()
    return runtime


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Calls a command in a thread, where it can have an event loop of its own, but no signals."""
    monkeypatch.setattr("app.cli.database.signals_interrupt", nullcontext)

    async def call(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, arguments, catch_exceptions=False)

    return call


def configure(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


async def test_from_the_embedded_server_and_back(
    worked: Runtime,
    cli: Cli,
    other: str,
    tmp_path: Path,
    postgres: EmbeddedPostgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, file = await contents(postgres.url), str(tmp_path / "b.zip")
    done = await cli("backup", file)
    assert done.exit_code == 0, done.output
    assert "runs: 20 rows" in done.output
    assert "not in it: settings (.env)" in done.output
    assert (await cli("backup", file)).exit_code == 1  # it exists
    assert (await cli("backup", file, "--force")).exit_code == 0

    configure(
        monkeypatch, DATABASE_URL="", LLMFORGE_API_URL="https://lab.example"
    )  # the embedded server of an empty state folder, not running
    done = await cli("restore", file)
    assert done.exit_code == 0, done.output
    assert "restored" in done.output
    assert "not about that of https://lab.example" in done.output

    done = await cli("move", "--to", other)
    assert done.exit_code == 0, done.output
    password = other.split(":")[2].partition("@")[0]
    assert f"DATABASE_URL={other.replace(password, 'PASSWORD')}" in done.output
    assert password not in done.output
    assert await contents(other) == before


async def test_replacing_needs_a_word(worked: Runtime, cli: Cli, tmp_path: Path) -> None:
    file = str(tmp_path / "b.zip")
    await cli("backup", file)
    refused = await cli("restore", file, "--replace")
    assert (refused.exit_code, "Type 'replace'" in refused.output) == (1, True)
    assert (await cli("restore", file, "--replace", "--yes")).exit_code == 0


async def test_a_running_platform_is_told(
    worked: Runtime, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be asleep, with nothing to do, and then has experiments that go on."""
    asked: list[str] = []
    monkeypatch.setattr("app.cli.database.platform_url", lambda _: "http://127.0.0.1:1")
    monkeypatch.setattr("app.cli.database.httpx.get", lambda url, **_: asked.append(url))
    file = str(tmp_path / "b.zip")
    await cli("backup", file)
    assert asked == []
    await cli("restore", file, "--replace", "--yes")
    assert asked == ["http://127.0.0.1:1/api/v1/overview"]


async def test_to_where_it_is(worked: Runtime, cli: Cli, postgres: EmbeddedPostgres) -> None:
    refused = await cli("move", "--to", postgres.url)
    assert (refused.exit_code, "there already" in refused.output) == (1, True)


async def test_errors_name_no_password(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, DATABASE_URL="postgresql://me:planted-5ecret@127.0.0.1:1/db")
    done = await cli("backup", str(tmp_path / "b.zip"))
    assert (done.exit_code, "Check that it runs" in done.output) == (1, True)
    assert "planted" not in done.output


def test_a_killed_backup_leaves_nothing(worked: Runtime, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    code = (
        "import time, sys; from app.services.backup import archive; real = archive.ArchiveWriter.finish\n"
        "def slow(*given):\n    print('writing', flush=True); time.sleep(60)\n"
        "archive.ArchiveWriter.finish = slow\n"
        "from app.cli import main; sys.argv = ['llmforge', 'backup', sys.argv[1]]; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, b"Stopped; nothing was changed" in said) == (130, True)
    assert list(tmp_path.glob("b.zip*")) == []


def test_a_server_that_runs_is_used(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    home = tmp_path / "home"
    said: list[str] = []
    with embedded_database(home, said.append) as first:
        with embedded_database(home, said.append) as second:
            assert second == first
        assert EmbeddedPostgres.of_home(home).running_port is not None
        pid = int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    assert said == ["starting the database (Postgres)"]
    assert EmbeddedPostgres.of_home(home).running_port is None
    assert not psutil.pid_exists(pid)


def test_a_folder_that_is_held_without_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.embedded.database._START_S", 0.1)
    code = (
        "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); "
        "print(1, flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "platform.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(ProcessError, match="its database does not answer"):
        with embedded_database(tmp_path, print):
            pass
    process.communicate(b"\n")


async def test_a_folder_that_is_missing_is_not_made(cli: Cli, tmp_path: Path) -> None:
    done = await cli("backup", str(tmp_path / "disk" / "b.zip"))
    assert done.exit_code == 1
    assert f"The folder {tmp_path / 'disk'} does not exist." in " ".join(done.output.split())
    assert not (tmp_path / "disk").exists()

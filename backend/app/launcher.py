"""Starts and supervises the whole platform on one machine: embedded servers, the API and workers.

``llmforge up`` starts it in the foreground. Commands that find no API start a platform and stop it when
they are done. A lock and ``platform.json`` ensure that each state folder has at most one platform.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from app.core.config import PROJECT_ROOT, Settings
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.embedded.valkey import EmbeddedValkey
from app.core.log_files import rotate_all
from app.core.platform_state import LOCK_FILE, STATE_FILE, answers, platform_url
from app.core.processes import ManagedProcess, ProcessError, free_port, port_answers
from app.services.inference.engines.local import OWNER_VARIABLE, stop_servers
from app.services.runtime import local_options

_API_TIMEOUT_S = 60
_WAITED_S = 20.0  # an API that ends sooner has found an error that waiting does not mend
_WATCH_EVERY_S = 0.5
_ROTATE_EVERY_S = 10.0
_QUICK_DEATH_S = 5.0
_MAX_QUICK_DEATHS = 5

Say = Callable[[str], None]


class Platform:
    """All processes of a local installation.

    Args:
        settings: where the URL of the database or Redis is empty, the embedded server is started.
        say: called with a message for the user at each step.
        fixed_port: whether to fail if the port is taken, instead of choosing another.
        patient: whether to wait for as long as it takes for a database elsewhere, which may sleep or be
            upgraded; who runs this in a container would have to start that again.
    """

    def __init__(
        self, settings: Settings, say: Say, *, fixed_port: bool = False, patient: bool = False
    ) -> None:
        self._settings = settings
        self._say = say
        self._fixed_port = fixed_port
        self._patient = patient
        self._logs = settings.home / "logs"
        self._lock = FileLock(settings.home / LOCK_FILE)
        self._postgres: EmbeddedPostgres | None = None
        self._valkey: EmbeddedValkey | None = None
        self._api: ManagedProcess | None = None
        self._workers: list[ManagedProcess] = []
        self._started_at: dict[str, float] = {}
        self._quick_deaths: dict[str, int] = {}
        self.url = ""

    def start(self) -> None:
        """Start everything; when this returns, the API answers.

        Raises:
            ProcessError: if a process does not start (the others are stopped then), or a platform is
                using the state folder already.
        """
        self._settings.home.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise ProcessError(
                f"A platform is using {self._settings.home} already "
                f"({platform_url(self._settings.home) or 'it is starting'})."
            ) from error
        try:
            self._start_parts()
        except BaseException:
            self.stop()
            raise

    def _start_parts(self) -> None:
        env = {**os.environ, OWNER_VARIABLE: str(os.getpid())}
        env["PYTHONUNBUFFERED"] = "1"
        stop_servers(local_options(self._settings).state_dir)  # left by a platform that was killed
        env["DATABASE_URL"] = self._settings.database_url.get_secret_value() or self._start_postgres()
        ephemeral = self._settings.ephemeral and self._postgres is not None
        if ephemeral:
            self._say("all data is lost when this platform restarts; set DATABASE_URL to keep it")
        env["LLMFORGE_EPHEMERAL"] = str(int(ephemeral))
        env["REDIS_URL"] = self._settings.redis_url.get_secret_value() or self._start_valkey()
        self._start_api(env)
        for index in range(self._settings.workers):
            name = f"worker-{index + 1}"
            argv = [sys.executable, "-m", "app.tasks.worker"]
            self._workers.append(ManagedProcess(name, argv, self._log_of(name), env))
        for worker in self._workers:
            self._start_child(worker)
        self._wait_for_api()
        state = {"pid": os.getpid(), "url": self.url}
        (self._settings.home / STATE_FILE).write_text(json.dumps(state))

    def _wait_for_api(self) -> None:
        """Wait until the API answers; start it again if it has waited in vain for a database elsewhere."""
        assert self._api is not None  # noqa: S101 - _start_api has set it
        while True:
            try:
                self._api.wait_ready(lambda: answers(self.url), _API_TIMEOUT_S)
            except ProcessError as error:
                lived_s = time.monotonic() - self._started_at["api"]
                if not self._patient or self._postgres is not None or lived_s < _WAITED_S:
                    raise
                self._say(f"the API does not start; trying again. {error}")
                self._start_child(self._api)
            else:
                return

    def _start_postgres(self) -> str:
        self._say("starting the database (Postgres)")
        self._postgres = EmbeddedPostgres.of_home(self._settings.home)
        self._postgres.start()
        return self._postgres.url

    def _start_valkey(self) -> str:
        self._say("starting the job queue (Valkey)")
        self._valkey = EmbeddedValkey(self._settings.home / "valkey", self._logs / "valkey.log")
        self._valkey.start()
        return self._valkey.url

    def _start_api(self, env: dict[str, str]) -> None:
        port = self._settings.port
        if port and port_answers(port) and self._fixed_port:
            raise ProcessError(f"Port {port} is taken. Set LLMFORGE_PORT to a free one.")
        if not self._fixed_port or not port:
            port = free_port(port)
            if self._settings.port not in {0, port}:
                self._say(f"port {self._settings.port} is taken; using {port}")
        host = self._settings.host
        self.url = f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}"  # noqa: S104
        workers = self._settings.workers
        self._say(f"starting the API and {workers} {'worker' if workers == 1 else 'workers'}")
        self._api = ManagedProcess("api", api_command(host, port), self._log_of("api"), env)
        self._start_child(self._api)

    def _log_of(self, name: str) -> Path | None:
        return None if self._settings.log_to == "output" else self._logs / f"{name}.log"

    def _start_child(self, child: ManagedProcess) -> None:
        self._started_at[child.name] = time.monotonic()
        child.start()

    def watch(self, seconds: float | None = None) -> None:
        """Restart processes that end and rotate logs, for ``seconds`` or until interrupted.

        Raises:
            ProcessError: if a process repeatedly ends right after its start.
        """
        logs_due = 0.0
        end = None if seconds is None else time.monotonic() + seconds
        while end is None or time.monotonic() < end:
            self.restart_ended()
            if time.monotonic() >= logs_due:
                rotate_all([self._logs, local_options(self._settings).state_dir])
                logs_due = time.monotonic() + _ROTATE_EVERY_S
            time.sleep(_WATCH_EVERY_S)

    def restart_ended(self) -> None:
        """Restart the processes that have ended; see ``watch``."""
        for server in (self._postgres, self._valkey):
            if server is not None and server.process is not None and not server.process.running:
                self._say(f"{server.process.name} ended; restarting it")
                server.start(server.port)
        for child in [*([self._api] if self._api else []), *self._workers]:
            if not child.running:
                self._restart_child(child)

    def _restart_child(self, child: ManagedProcess) -> None:
        lived_s = time.monotonic() - self._started_at[child.name]
        quick = self._quick_deaths.get(child.name, 0) + 1 if lived_s < _QUICK_DEATH_S else 0
        self._quick_deaths[child.name] = quick
        if quick >= _MAX_QUICK_DEATHS:
            raise ProcessError(f"{child.name} ends right after each start. {child.log_tail()}")
        self._say(f"{child.name} ended; restarting it")
        self._start_child(child)

    def stop(self) -> None:
        """Stop everything, workers first; running experiments can be resumed later."""
        if not self._lock.is_locked:
            return  # this platform was not started; another one may be using the state folder
        grace_s = self._settings.shutdown_grace_s + 5
        for worker in self._workers:
            worker.stop(grace_s)
        if self._api is not None:
            self._api.stop(grace_s)
        stop_servers(local_options(self._settings).state_dir)
        for server in (self._valkey, self._postgres):
            if server is not None:
                server.stop()
        (self._settings.home / STATE_FILE).unlink(missing_ok=True)
        self._lock.release()


def api_command(host: str, port: int) -> list[str]:
    """Return the command that runs the API."""
    return [
        *(sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory"),
        *("--host", host, "--port", str(port), "--app-dir", str(PROJECT_ROOT / "backend")),
        *("--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "3"),
    ]

"""The configured database, for commands that work on it without the platform."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from app.core.embedded.postgres import EmbeddedPostgres
from app.core.platform_state import LOCK_FILE
from app.core.processes import ProcessError

_START_S = 30.0  # a platform that is starting has its database up by then
_POLL_S = 0.2


@contextmanager
def embedded_database(home: Path, say: Callable[[str], None]) -> Iterator[str]:
    """Give the URL of the embedded database of a state folder: of the running one, or started meanwhile.

    Raises:
        ProcessError: if it does not start, or a platform holds the folder and its database does not answer.
    """
    home.mkdir(parents=True, exist_ok=True)
    server = EmbeddedPostgres.of_home(home)
    lock = FileLock(home / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        server.port = _wait_for_port(server)
        yield server.url
        return
    try:
        say("starting the database (Postgres)")
        server.start()
        yield server.url
    finally:
        server.stop()
        lock.release()


def _wait_for_port(server: EmbeddedPostgres) -> int:
    end = time.monotonic() + _START_S
    while (port := server.running_port) is None:
        if time.monotonic() > end:
            raise ProcessError(
                f"A platform uses {server.data_dir.parent}, but its database does not answer. "
                f"See {server.log_path}."
            )
        time.sleep(_POLL_S)
    return port

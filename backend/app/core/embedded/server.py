"""What the embedded servers have in common: data, a log, a port on loopback, a password, a process.

Every user of the machine can connect to a port on loopback. Only those who can read the file of the
password, which is this user alone, get any further.
"""

import secrets
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

from app.core.files import write_private
from app.core.processes import ManagedProcess, ProcessError


class EmbeddedServer(ABC):
    """A server on loopback that keeps its data in ``data_dir`` and logs to ``log_path``.

    Its password is in the file ``<data_dir>.password``, which is made when it is first needed.
    """

    stop_grace_s = 10.0

    def __init__(self, data_dir: Path, log_path: Path) -> None:
        self.data_dir = data_dir
        self.log_path = log_path
        self.port = 0
        self.process: ManagedProcess | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Address for clients, with the password; valid after ``start``."""

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

    @property
    def password(self) -> str:
        """Password of the server's only user.

        Raises:
            ProcessError: if its file can be neither read nor written.
        """
        path = self.data_dir.with_name(self.data_dir.name + ".password")
        try:
            with suppress(FileNotFoundError):
                path.chmod(0o600)  # as it was made, whatever a copy of the folder has changed
                if kept := path.read_text().strip():
                    return kept
            made = secrets.token_urlsafe(32)
            write_private(path, made)
        except OSError as error:
            raise ProcessError(f"The password file {path} cannot be used: {error.strerror}.") from error
        return made

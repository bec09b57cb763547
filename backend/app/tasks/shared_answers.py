"""Answers in memory that outlive the child process of an experiment.

A worker forks a child for each experiment. The child inherits the worker's memory of answers, and when it has
done its work, writes those that are new into a file without a name, which the worker opened before and reads
afterwards. A child that is killed leaves nothing, or the beginning of what it wrote: whole lines are taken
over, and a line that was cut off is not.
"""

import tempfile
import uuid
from collections.abc import Iterator
from functools import lru_cache
from typing import IO

from app.core.config import get_settings
from app.core.logging import get_logger
from app.services.inference.memory_cache import MemoryCache
from app.services.runtime import memory_cache

log = get_logger(__name__)


class SharedAnswers:
    """The answers that a worker process and its children share.

    Attributes:
        memory: of this process.
    """

    def __init__(self, memory: MemoryCache) -> None:
        self.memory = memory
        self._file: IO[bytes] | None = None

    def before_fork(self) -> None:
        """In the worker: be ready to take over what the child about to start will have."""
        self._close()
        if self.memory.enabled:
            try:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the child has ended
            except OSError as error:
                log.warning("answers_not_shared", error=type(error).__name__)

    def begin(self) -> None:
        """In the child: note what is used from now on."""
        self.memory.begin_round()

    def hand_back(self) -> None:
        """In the child, when its answers are stored: write what the worker does not have."""
        if self._file is None:
            return
        try:
            self._file.writelines(self._lines())
            self._file.flush()
        except OSError as error:  # no space, say
            log.warning("answers_not_shared", error=type(error).__name__)

    def take_over(self) -> None:
        """In the worker, when the child has ended: read what it has written."""
        if self._file is None:
            return
        try:
            self._file.seek(0)
            self._read(self._file)
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.warning("answers_not_shared", error=type(error).__name__)
        finally:
            self._close()

    def _lines(self) -> Iterator[bytes]:
        version = self.memory.agrees_with
        yield b"%b\n" % (b"" if version is None else str(version).encode())
        for key, answer in self.memory.used():
            yield b"%b\n" % key.encode() if answer is None else b"%b %b\n" % (key.encode(), answer)

    def _read(self, lines: IO[bytes]) -> None:
        """Take over lines of ``_lines``; those after the last line break were not written to their end."""
        first = lines.readline()
        if not first.endswith(b"\n"):
            return
        self.memory.keep_in_step(uuid.UUID(first[:-1].decode()) if first[:-1] else None)
        for line in lines:
            if not line.endswith(b"\n"):
                return
            key, _, answer = line[:-1].partition(b" ")
            if answer:
                self.memory.add_encoded(key.decode(), answer)
            else:
                self.memory.use(key.decode())

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@lru_cache(maxsize=1)
def shared_answers() -> SharedAnswers:
    """Return those of this process, or that it has inherited."""
    return SharedAnswers(memory_cache(get_settings()))

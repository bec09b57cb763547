"""What is kept of a log on disk once it has been read: as JSON lines in a temporary file without a name."""

from collections.abc import Iterator
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import Any

import orjson

from app.core.errors import Unavailable
from app.domain.examples import Example
from app.domain.generation import Usage
from app.domain.json import JsonObject
from app.domain.scoring import Score
from app.services.harnesses.logs import LoggedAnswer

_IN_MEMORY = 1_000_000  # bytes up to which there is no file
_OF_ANSWERS = (
    *("key", "repeat", "output", "error", "messages", "scores", "usage"),
    *("latency_ms", "cost_usd", "finish_reason"),
)


class _Spool:
    """JSON objects that are written once, and then read in the same order, as often as needed."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - read after it was written

    def add(self, row: JsonObject) -> None:
        """Write an object, which may hold dataclasses.

        Raises:
            Unavailable: if there is no room for it.
        """
        line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        try:
            self._file.write(line)
        except OSError as error:
            raise _no_room(error) from error

    def rows(self) -> Iterator[Any]:
        """Yield all objects, each as JSON has it.

        Raises:
            Unavailable: if there is no room for the last ones that were written.
        """
        try:
            self._file.seek(0)
        except OSError as error:
            raise _no_room(error) from error
        yield from map(orjson.loads, self._file)

    def close(self) -> None:
        """Remove the file."""
        with suppress(OSError):  # what there is no room for is not needed any more
            self._file.close()


def _no_room(error: OSError) -> Unavailable:
    return Unavailable(
        f"The temporary file of an import could not be written: {error.strerror}.",
        hint="Free some space where temporary files are, or set TMPDIR to a folder with more.",
    )


class AnswerSpool:
    """The answers of a log, without what their questions say."""

    def __init__(self) -> None:
        self._spool = _Spool()

    def add(self, one: LoggedAnswer) -> None:
        """Write an answer.

        Raises:
            Unavailable: if there is no room for it.
        """
        self._spool.add({name: getattr(one, name) for name in _OF_ANSWERS})

    def close(self) -> None:
        """Remove the file."""
        self._spool.close()

    def answers(self) -> Iterator[LoggedAnswer]:
        """Yield all answers, with an empty question."""
        for row in self._spool.rows():
            yield LoggedAnswer(
                place="",
                question="",
                answers=(),
                **row
                | {
                    "messages": tuple(row["messages"]),
                    "scores": {name: Score(**score) for name, score in row["scores"].items()},
                    "usage": Usage(**row["usage"]),
                },
            )


class ExampleSpool:
    """The questions of a log, as examples of a dataset."""

    def __init__(self) -> None:
        self._spool = _Spool()

    def add(self, one: LoggedAnswer) -> None:
        """Write the question of an answer.

        Raises:
            Unavailable: if there is no room for it.
        """
        self._spool.add(
            {
                "key": one.key,
                "question": one.question,
                "answers": one.answers,
                "metadata": one.metadata,
            }
        )

    def close(self) -> None:
        """Remove the file."""
        self._spool.close()

    def examples(self) -> Iterator[Example]:
        """Yield all examples."""
        for row in self._spool.rows():
            yield Example(row["key"], row["question"], tuple(row["answers"]), None, row["metadata"])

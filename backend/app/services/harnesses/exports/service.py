"""Exports of an experiment: all of what is stored as a table, or the log of a harness."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from typing_extensions import TypeIs

from app.core.database import Sessions
from app.schemas.scoring import ORIGINAL
from app.services.harnesses.exports.exported import Exported, by_question, exported
from app.services.harnesses.exports.formats import LOG_FORMATS, LogFormat
from app.services.results.export import MEDIA_TYPES, ExportFormat, export_runs, exported_rows
from app.services.results.service import ResultService

AnyFormat = Literal[ExportFormat, LogFormat]
ALL_MEDIA_TYPES = tuple(
    dict.fromkeys([*MEDIA_TYPES.values(), *(one.media_type for one in LOG_FORMATS.values())])
)
"""Of the files of all formats."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file that is made while it is sent.

    Attributes:
        name: of the file.
        media_type: as HTTP calls it.
        pieces: its bytes, in order.
    """

    name: str
    media_type: str
    pieces: AsyncIterator[bytes]


class Exports:
    """Exports the runs that an experiment has now, whatever its status.

    Args:
        results: of the request.
        sessions: of the database, as the file outlives the request's session.
    """

    def __init__(self, results: ResultService, sessions: Sessions) -> None:
        self._results = results
        self._sessions = sessions

    async def file(self, experiment_id: uuid.UUID, fmt: AnyFormat, scoring: str = ORIGINAL) -> ExportedFile:
        """Return the file of an experiment, with the scores of one of its scorings.

        Raises:
            NotFound: if there is no such experiment or scoring.
        """
        experiment = await self._results.experiment(experiment_id)
        scoring_id = await self._results.scoring_id(experiment_id, scoring)
        name = f"experiment-{experiment_id}"
        if not _is_log(fmt):
            pieces = export_runs(self._sessions, experiment_id, fmt, scoring_id=scoring_id)
            return ExportedFile(f"{name}.{fmt}", MEDIA_TYPES[fmt], pieces)
        result = experiment.result
        if scoring_id is not None:
            result = (await self._results.result(experiment_id, scoring)).result
        about = LOG_FORMATS[fmt]
        pieces = export_log(self._sessions, exported(experiment, scoring, result), fmt, scoring_id)
        return ExportedFile(f"{name}.{about.ending}", about.media_type, pieces)


async def export_log(
    sessions: Sessions, experiment: Exported, fmt: LogFormat, scoring_id: uuid.UUID | None = None
) -> AsyncGenerator[bytes]:
    """Yield the runs of an experiment that there are now, as a log of a harness.

    Args:
        sessions: of the database.
        experiment: to export.
        fmt: of which harness.
        scoring_id: whose scores are written; ``None``: those that it was run with.
    """
    rows = exported_rows(sessions, uuid.UUID(experiment.id), scoring_id=scoring_id)
    async with (
        aclosing(by_question(rows)) as questions,
        aclosing(LOG_FORMATS[fmt].write(experiment, questions)) as pieces,
    ):
        async for piece in pieces:
            if piece:
                yield piece


def _is_log(fmt: AnyFormat) -> TypeIs[LogFormat]:
    return fmt in LOG_FORMATS

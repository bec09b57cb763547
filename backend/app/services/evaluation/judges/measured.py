"""Judges that were measured on labelled answers: kept in a file, shown beside what they say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from app.core.files import write_private
from app.services.evaluation.judges.validation import Validation

KEPT_NAME = "judges.json"
"""Of the file in ``LLMFORGE_HOME`` with the judges that were measured here."""


@dataclass(frozen=True, slots=True)
class MeasuredJudge:
    """A judge, and how it did.

    Attributes:
        judge: its kind, ``nli`` or ``llm``.
        model: its name; of a folder the last part, wherever it lies.
        file: name of the file of labelled answers.
        values: its number for each labelled answer, in the order of the file; ``None`` where it gave none.
        found: how often these were right.
    """

    judge: str
    model: str
    file: str
    values: tuple[float | None, ...]
    found: Validation


_ADAPTER = TypeAdapter(list[MeasuredJudge])


def name_of(model: str) -> str:
    """Return the name under which a judge's model is kept."""
    return Path(model).name if model.startswith(("/", ".", "~")) else model


def read_measured(files: Iterable[Path]) -> list[MeasuredJudge]:
    """Return the measured judges of files, those of later files first; a missing file has none.

    Raises:
        ValueError: if a file is damaged; the message names it.
        OSError: if it cannot be read.
    """
    found: list[MeasuredJudge] = []
    for file in files:
        if not file.exists():
            continue
        try:
            found = [*_ADAPTER.validate_json(file.read_bytes()), *found]
        except ValidationError as error:
            raise ValueError(
                f"{file} is not a file of measured judges ({error.error_count()} errors)."
            ) from error
    return found


def measured(judges: Sequence[MeasuredJudge], judge: str, model: str) -> MeasuredJudge | None:
    """Return the measurement of a judge, the first one; ``None`` if it was not measured."""
    wanted = (judge, name_of(model))
    return next((one for one in judges if (one.judge, one.model) == wanted), None)


def keep(one: MeasuredJudge, file: Path) -> None:
    """Add a measured judge to a file, in the place of an earlier measurement of it with the same answers.

    Raises:
        ValueError: if the file is damaged.
        OSError: if it cannot be read or written.
    """
    same = (one.judge, one.model, one.file)
    others = [old for old in read_measured([file]) if (old.judge, old.model, old.file) != same]
    write_private(file, _ADAPTER.dump_json([one, *others], indent=1).decode() + "\n")

"""Looking at the beginning of a file before it is imported: its columns, and which would be read."""

from pathlib import PurePosixPath

from app.core.errors import InvalidInput
from app.services.datasets.inspection import FoundColumns, columns_of
from app.services.harnesses import answers_file, lm_eval, promptfoo
from app.services.imports.files import File, Report
from app.services.imports.process import Upload
from app.services.imports.rows import file_rows

_START = 500_000  # bytes
_PLAIN = (".jsonl", ".csv", ".tsv")
_KNOWN = FoundColumns([], {}, published=True)


async def columns_of_answers(upload: Upload) -> FoundColumns:
    """Return the columns of a plain file of answers; none of a harness's log, which names them itself.

    Raises:
        InvalidInput: if it cannot be read.
    """
    name = PurePosixPath(upload.name).name
    if not name.lower().endswith(_PLAIN):
        return _KNOWN
    return found_columns(File(name, await upload.read(_START)))


def found_columns(file: File) -> FoundColumns:
    """Return the columns of the beginning of a JSONL, CSV or TSV file; see ``columns_of_answers``."""
    if not answers_file.is_table(file) and _is_log(file):
        return _KNOWN
    found = columns_of(file)
    own = answers_file.usual_columns([one.name for one in found.columns])
    return FoundColumns(found.columns, {**found.fields, **own}, published=False)


def _is_log(file: File) -> bool:
    try:
        first = next((row for _, row in file_rows(file, Report())), {})
    except InvalidInput:  # the end of a line is missing
        return False
    return lm_eval.is_samples(first) or promptfoo.is_result(first)

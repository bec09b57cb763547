"""Exports of all runs of an experiment, streamed as JSON, JSONL, CSV or Parquet.

The columns are the fields of ``RunRecord`` with those of the example, and what people's labels say; a new
field is a new column.
"""

import csv
import io
import re
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Literal

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Boolean, Double, Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB

from app.core.database import Sessions
from app.core.visible import visible
from app.domain.json import JsonObject
from app.domain.labels import consensus
from app.domain.run import RunRecord
from app.models import Run
from app.services.results.sink import Sink
from app.services.runs.label_repository import LabelRepository, StoredLabel
from app.services.runs.repository import RunRepository
from app.services.runs.scoring_repository import ScoringRepository

ExportFormat = Literal["json", "jsonl", "csv", "parquet"]
MEDIA_TYPES: dict[str, str] = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}

# A spreadsheet would run a cell that begins like this as a formula. Some skip what is invisible before it,
# and read full-width signs. Apostrophes before it are taken in too, so that taking one away undoes this.
_AT_ONCE = 50  # runs: some ms of work, after which others have their turn
_ROWS_A_GROUP = 500  # of a Parquet file, which are compressed together
_UNSEEN = r"\s\u00ad\u034f\u115f\u1160\u180e\u200b-\u200f\u2060-\u2064\u3164\ufe00-\ufe0f\ufeff\uffa0"
_FORMULA = re.compile(f"'*(?:[{_UNSEEN}]*[=+@\ufe62\ufe63\ufe66\ufe6b\uff1d\uff0b\uff0d\uff20-]|[\t\r\n])")
# A number, or a telephone number in groups: no spreadsheet computes with either.
_NUMBER = re.compile(
    r"-?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d+)?(?<=\d)(?:[eE][+-]?\d+)?%?|\+\d{1,4}(?: \(?\d{1,12}\)?)+",
    re.ASCII,
)
_TYPES = {
    Text: pa.string(),
    SmallInteger: pa.int16(),
    Integer: pa.int32(),
    Double: pa.float64(),
    Boolean: pa.bool_(),
    JSONB: pa.string(),
}

_LATER = (
    "model_ms",
    "paid_prompt_tokens",
    "paid_completion_tokens",
    "paid_usd",
    "reasoning_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "warnings",
    "answered_calls",
    "cache_use",
    "stages",
)


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of the files.

    Attributes:
        name: in the files.
        path: of the attribute, from a run.
        type: in Parquet.
        nested: whether it is a list or an object: JSON in JSON files, and JSON text in tables.
    """

    name: str
    path: str
    type: pa.DataType
    nested: bool = False


def _stored_columns() -> dict[str, _Column]:
    """Return a column for each field of ``RunRecord`` but the ids, in the order of the table."""
    names = {field.name for field in fields(RunRecord)} - {"experiment_id", "example_id"}
    return {
        column.name: _Column(column.name, column.name, _TYPES[type(column.type)], type(column.type) is JSONB)
        for column in Run.__table__.columns
        if column.name in names
    }


def _columns() -> tuple[_Column, ...]:
    """Return all columns: what identifies the run and its question, the stored fields, the long ones.

    Columns of later versions stand at the end, so that the places of the others stay.
    """
    stored = _stored_columns()
    repeat = stored.pop("repeat")
    later = [stored.pop(name) for name in _LATER]
    return (
        _Column("run_id", "id", pa.int64()),
        _Column("example_key", "example.key", pa.string()),
        _Column("content_hash", "example.content_hash", pa.string()),
        _Column("cluster", "example.cluster", pa.string()),
        repeat,
        _Column("question", "example.question", pa.string()),
        _Column("gold", "example.answers", pa.string(), nested=True),
        *(column for column in stored.values() if not column.nested),
        _Column("created_at", "created_at", pa.timestamp("us", tz="UTC")),
        *(column for column in stored.values() if column.nested),
        _Column("metadata", "example.extra", pa.string(), nested=True),
        *later,
    )


_LABEL_COLUMNS = (
    _Column("label", "", pa.string()),
    _Column("failure_label", "", pa.string()),
    _Column("label_notes", "", pa.string()),
    _Column("labels", "", pa.string(), nested=True),
)
"""What people say of the answer: most of them; what it lacks, and their notes, as text; each label whole."""
_STORED_COLUMNS = _columns()
_COLUMNS = (*_STORED_COLUMNS, *_LABEL_COLUMNS)
COLUMN_NAMES = tuple(column.name for column in _COLUMNS)
"""Names of the columns, in the order of the files."""
_NESTED = tuple(column.name for column in _COLUMNS if column.nested)
_TABLE_SCHEMA = pa.schema([(column.name, column.type) for column in _COLUMNS])
_STORED_NAMES = tuple(column.name for column in _STORED_COLUMNS)
_read = attrgetter(*(column.path for column in _STORED_COLUMNS))

_READ_ANEW = ("answer", "parse_outcome", "parse_rule", "scores")
OWN_COLUMNS = ("exact_match", "contains", "f1")
"""Scores with columns of their own."""

Rows = AsyncIterator[list[JsonObject]]


def _as_row(run: Run, labels: Sequence[StoredLabel]) -> JsonObject:
    return {**dict(zip(_STORED_NAMES, _read(run), strict=True)), **_said(labels)}


def _said(labels: Sequence[StoredLabel]) -> JsonObject:
    """Return the columns of a run's labels; each is empty without any."""
    failures = dict.fromkeys(one.failure for one in labels if one.failure)
    notes = [f"{one.labeller}: {one.note}" for one in labels if one.note]
    whole = [
        {
            "labeller": one.labeller,
            "verdict": one.verdict,
            "failure": one.failure,
            "note": one.note,
            "labelled_at": one.labelled_at,
        }
        for one in labels
    ]
    return {
        "label": consensus(one.verdict for one in labels) if labels else None,
        "failure_label": "; ".join(failures) or None,
        "label_notes": "\n".join(notes) or None,
        "labels": whole or None,
    }


def _as_cells(row: JsonObject) -> JsonObject:
    return {**row, **{name: orjson.dumps(row[name]).decode() for name in _NESTED}}


async def export_runs(
    sessions: Sessions,
    experiment_id: uuid.UUID,
    fmt: ExportFormat,
    batch_size: int | None = None,
    *,
    scoring_id: uuid.UUID | None = None,
) -> AsyncIterator[bytes]:
    """Yield the file, ``batch_size`` runs at a time, with the original scores or those of a scoring.

    It has a session of its own, since the stream outlives that of the request.
    """
    batch_size = batch_size or (_ROWS_A_GROUP if fmt == "parquet" else _AT_ONCE)
    async with aclosing(exported_rows(sessions, experiment_id, batch_size, scoring_id=scoring_id)) as batches:
        async for piece in _formats[fmt](batches):
            if piece:
                yield piece


async def exported_rows(
    sessions: Sessions,
    experiment_id: uuid.UUID,
    batch_size: int = _AT_ONCE,
    *,
    scoring_id: uuid.UUID | None = None,
) -> AsyncGenerator[list[JsonObject]]:
    """Yield all runs as rows of ``COLUMN_NAMES``, in the order of the questions and their repeats.

    It has a session of its own; close it, so that this ends with it.
    """
    async with sessions() as session:
        labels: dict[int, list[StoredLabel]] = {}
        for label in await LabelRepository(session).of([experiment_id]):
            labels.setdefault(label.run_id, []).append(label)
        batches: Rows = (
            [_as_row(run, labels.get(run.id, ())) for run in batch]
            async for batch in RunRepository(session).export(experiment_id, batch_size)
        )
        if scoring_id is not None:
            batches = _rescored(batches, sessions, scoring_id)
        async for batch in batches:
            yield batch


async def _rescored(batches: Rows, sessions: Sessions, scoring_id: uuid.UUID) -> Rows:
    """Yield the rows with what a scoring says of the answered runs in place of what the runs say."""
    async for batch in batches:
        async with sessions() as session:
            found = await ScoringRepository(session).rows_of(scoring_id, [row["run_id"] for row in batch])
        for row in batch:
            if row["run_id"] in found:
                scored, example = found[row["run_id"]]
                values = {name: scored.scores.get(name, {}).get("value") for name in OWN_COLUMNS}
                anew = {name: getattr(scored, name) for name in _READ_ANEW} | values
                row.update(anew, gold=example.answers, content_hash=example.content_hash)
        yield batch


async def _json(batches: Rows) -> AsyncIterator[bytes]:
    opening = b"[\n"
    async for batch in batches:
        for row in batch:
            yield opening + orjson.dumps(row)
            opening = b",\n"
    yield b"\n]\n" if opening == b",\n" else b"[]\n"


async def _jsonl(batches: Rows) -> AsyncIterator[bytes]:
    async for batch in batches:
        yield b"".join(orjson.dumps(row) + b"\n" for row in batch)


async def _csv(batches: Rows) -> AsyncIterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, fieldnames=COLUMN_NAMES, lineterminator="\r\n")
    writer.writeheader()
    async for batch in batches:
        for row in batch:
            cells = _as_cells(row)
            writer.writerow({name: defused(value) for name, value in cells.items()})
        yield _drain(buffer)
    yield _drain(buffer)


def _drain(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def defused(value: object) -> object:
    """Return a cell that no spreadsheet runs as a formula, and no terminal obeys; a number stays one.

    A text that looks like a formula gets an apostrophe before it, and so does one with apostrophes before
    what looks like a formula: taking one away gives back every text.
    """
    if not isinstance(value, str):
        return value
    text = visible(value, keep_returns=True)
    if _NUMBER.fullmatch(text) or not _FORMULA.match(text):
        return text
    return f"'{text}"


async def _parquet(batches: Rows) -> AsyncIterator[bytes]:
    sink = Sink()
    with pq.ParquetWriter(sink, _TABLE_SCHEMA, compression="zstd") as writer:
        async for batch in batches:
            writer.write_table(pa.Table.from_pylist([_as_cells(row) for row in batch], schema=_TABLE_SCHEMA))
            yield sink.take()
    yield sink.take()


_formats: dict[str, Callable[[Rows], AsyncIterator[bytes]]] = {
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "parquet": _parquet,
}

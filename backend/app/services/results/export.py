"""Exports of all runs of an experiment, streamed: JSON, JSONL, CSV, Parquet."""

import csv
import io
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from app.core.database import Sessions
from app.models import Example, Run
from app.services.runs.repository import RunRepository

ExportFormat = Literal["json", "jsonl", "csv", "parquet"]
MEDIA_TYPES: dict[str, str] = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}

_SCHEMA = pa.schema(
    [
        ("run_id", pa.int64()),
        ("example_key", pa.string()),
        ("content_hash", pa.string()),
        ("cluster", pa.string()),
        ("repeat", pa.int16()),
        ("question", pa.string()),
        ("gold", pa.string()),
        ("status", pa.string()),
        ("failure_kind", pa.string()),
        ("failure_message", pa.string()),
        ("output", pa.string()),
        ("answer", pa.string()),
        ("parse_outcome", pa.string()),
        ("parse_rule", pa.string()),
        ("exact_match", pa.float64()),
        ("contains", pa.float64()),
        ("f1", pa.float64()),
        ("cached", pa.bool_()),
        ("attempts", pa.int32()),
        ("latency_ms", pa.float64()),
        ("queue_ms", pa.float64()),
        ("prompt_tokens", pa.int32()),
        ("completion_tokens", pa.int32()),
        ("cost_usd", pa.float64()),
        ("created_at", pa.timestamp("us", tz="UTC")),
    ]
)
_FLAT = _SCHEMA.names
_JSON_TEXT = ("scores", "calls", "retrieved", "trace", "metadata")  # nested in JSON; JSON text in tables
_TABLE_SCHEMA = pa.schema([*_SCHEMA, *((name, pa.string()) for name in _JSON_TEXT)])
# A cell that begins like this would be run as a formula by a spreadsheet.
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")

Rows = AsyncIterator[list[dict[str, Any]]]


def _as_row(run: Run, example: Example) -> dict[str, Any]:
    own = {
        "run_id": run.id,
        "example_key": example.key,
        "content_hash": example.content_hash,
        "cluster": example.cluster,
        "question": example.question,
        "gold": example.answers,
        "scores": run.scores,
        "calls": run.calls,
        "retrieved": run.retrieved,
        "trace": run.trace,
        "metadata": example.extra,
    }
    return {name: own[name] if name in own else getattr(run, name) for name in (*_FLAT, *_JSON_TEXT)}


def _as_cells(row: dict[str, Any]) -> dict[str, Any]:
    texts = {name: orjson.dumps(row[name]).decode() for name in ("gold", *_JSON_TEXT)}
    return {**row, **texts}


async def export_runs(
    sessions: Sessions, experiment_id: uuid.UUID, fmt: ExportFormat, batch_size: int = 500
) -> AsyncIterator[bytes]:
    """Yield the file, ``batch_size`` runs at a time.

    It has a session of its own, since the stream outlives that of the request.
    """
    async with sessions() as session:
        batches = (
            [_as_row(run, run.example) for run in batch]
            async for batch in RunRepository(session).export(experiment_id, batch_size)
        )
        async for piece in _formats[fmt](batches):
            if piece:
                yield piece


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
    writer = csv.DictWriter(buffer, fieldnames=[*_FLAT, *_JSON_TEXT], lineterminator="\r\n")
    writer.writeheader()
    async for batch in batches:
        for row in batch:
            cells = _as_cells(row)
            writer.writerow({name: _defused(value) for name, value in cells.items()})
        yield _drain(buffer)
    yield _drain(buffer)


def _drain(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _defused(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA_START):
        return f"'{value}"
    return value


async def _parquet(batches: Rows) -> AsyncIterator[bytes]:
    sink = _Tape()
    with pq.ParquetWriter(sink, _TABLE_SCHEMA, compression="zstd") as writer:
        async for batch in batches:
            writer.write_table(pa.Table.from_pylist([_as_cells(row) for row in batch], schema=_TABLE_SCHEMA))
            yield sink.take()
    yield sink.take()


class _Tape(io.RawIOBase):
    """A file that is written once from start to end, and emptied on the way."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._parts.append(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


_formats: dict[str, Callable[[Rows], AsyncIterator[bytes]]] = {
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "parquet": _parquet,
}

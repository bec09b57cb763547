"""Tests of exports: four formats of the same rows."""

import csv
import io
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.services.datasets.service import DatasetService
from app.services.results.export import ExportFormat, defused, export_runs
from app.services.runtime import Runtime
from tests.api.conftest import EXPERIMENTS, RESULTS, Steps, problem

NASTY: list[dict[str, Any]] = [
    {"id": "=1+1", "question": "=SUM(A1)", "answer": "+1", "cluster": "@c", "note": "-x"},
    {"id": "a,b", "question": 'He said "no",\nthen left.', "answers": ["a\r\nb", 'q"q'], "topic": {"a": [1]}},
    {"id": "ü", "question": "Wie heißt \u2028 das? 🙂", "answer": "naïve", "empty": ""},
    {"id": "tab", "question": "What\tis it?", "answer": "'quoted'"},
]
INTEGERS = {
    "reasoning_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "run_id",
    "repeat",
    "attempts",
    "prompt_tokens",
    "completion_tokens",
    "paid_prompt_tokens",
    "paid_completion_tokens",
    "answered_calls",
}
FLOATS = {"exact_match", "contains", "f1", "latency_ms", "queue_ms", "cost_usd", "model_ms", "paid_usd"}
NESTED = {
    "gold",
    "scores",
    "calls",
    "retrieved",
    "trace",
    "metadata",
    "warnings",
    "cache_use",
    "stages",
    "labels",
}


@pytest.fixture
async def exported(steps: Steps) -> str:
    """An ended experiment whose texts hold everything that a file format could stumble on."""
    lines = b"\n".join(orjson.dumps(row) for row in NASTY)
    async with steps.runtime.sessions() as session:
        await DatasetService(session).add_file("nasty", "nasty.jsonl", lines)
    experiment_id = await steps.run(
        model="mock/gold?fail_rate=0.4&fail_kind=refused",
        max_failed_share=1,
        dataset={"name": "nasty"},
        repeats=3,
    )
    runs = (await steps.get(f"{RESULTS}/{experiment_id}/runs", filter="correct"))["items"]
    labels = [
        {"run_id": runs[0]["id"], "labeller": "ada", "verdict": "right"},
        {"run_id": runs[0]["id"], "labeller": "=bob", "verdict": "right", "note": "a\nb"},
        {"run_id": runs[1]["id"], "labeller": "ada", "verdict": "wrong", "failure": "=1+1", "note": "=2"},
        {"run_id": runs[1]["id"], "labeller": "@bob", "verdict": "right", "failure": "too long"},
    ]
    assert (await steps.api.put("/api/v1/labels", json=labels)).status_code == 204
    return experiment_id


async def download(steps: Steps, experiment_id: str, fmt: str) -> bytes:
    response = await steps.api.get(f"{RESULTS}/{experiment_id}/export", params={"format": fmt})
    assert response.status_code == 200
    name = f"experiment-{experiment_id}.{fmt}"
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
    return response.content


def _typed(name: str, cell: str) -> Any:
    """Return a CSV cell as the value that it was written from."""
    if cell.startswith("'") and cell[1:2] in {"=", "+", "-", "@", "\t", "\r"}:
        cell = cell[1:]
    if name in NESTED:
        return orjson.loads(cell)
    if cell == "":
        return None
    if name == "cached":
        return {"True": True, "False": False}[cell]
    if name in INTEGERS:
        return int(cell)
    return float(cell) if name in FLOATS else cell


def from_csv(data: bytes) -> list[dict[str, Any]]:
    rows = csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True)
    return [{name: _typed(name, cell) for name, cell in row.items()} for row in rows]


def from_parquet(data: bytes) -> list[dict[str, Any]]:
    rows = pq.read_table(pa.BufferReader(data)).to_pylist()
    return [{name: orjson.loads(v) if name in NESTED else v for name, v in row.items()} for row in rows]


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with the time, which each format writes in its own way, as a time."""

    def time(value: Any) -> datetime:
        return value if isinstance(value, datetime) else datetime.fromisoformat(value)

    return [{**row, "created_at": time(row["created_at"])} for row in rows]


class TestExport:
    async def test_all_formats_say_the_same(self, steps: Steps, exported: str) -> None:
        files = {fmt: await download(steps, exported, fmt) for fmt in ("json", "jsonl", "csv", "parquet")}
        rows = orjson.loads(files["json"])
        assert len(rows) == 12
        assert {row["status"] for row in rows} == {"ok", "failed"}
        assert [orjson.loads(line) for line in files["jsonl"].split(b"\n")[:-1]] == rows
        assert comparable(from_csv(files["csv"])) == comparable(rows)
        assert comparable(from_parquet(files["parquet"])) == comparable(rows)

    async def test_columns_and_their_order(self, steps: Steps, exported: str) -> None:
        header = (await download(steps, exported, "csv")).decode().split("\r\n", 1)[0]
        assert header == (
            "run_id,example_key,content_hash,cluster,repeat,question,gold,status,failure_kind,failure_message,"
            "output,answer,parse_outcome,parse_rule,exact_match,contains,f1,cached,attempts,latency_ms,queue_ms,"
            "prompt_tokens,completion_tokens,cost_usd,created_at,scores,calls,retrieved,trace,metadata,"
            "model_ms,paid_prompt_tokens,paid_completion_tokens,paid_usd,reasoning_tokens,cache_read_tokens,"
            "cache_write_tokens,warnings,answered_calls,cache_use,stages,"
            "label,failure_label,label_notes,labels"
        )
        rows = orjson.loads(await download(steps, exported, "json"))
        table = pq.read_table(pa.BufferReader(await download(steps, exported, "parquet")))
        assert ",".join(rows[0]) == ",".join(table.column_names) == header

    async def test_holds_what_was_imported(self, steps: Steps, exported: str) -> None:
        rows = orjson.loads(await download(steps, exported, "json"))
        assert [row["example_key"] for row in rows[::3]] == [row["id"] for row in NASTY]
        assert [row["question"] for row in rows[::3]] == [row["question"] for row in NASTY]
        assert rows[3]["gold"] == ["a\r\nb", 'q"q']
        assert rows[3]["metadata"] == {"topic": {"a": [1]}}
        assert [row["repeat"] for row in rows] == [0, 1, 2] * 4

    async def test_agrees_with_the_runs(self, steps: Steps, exported: str) -> None:
        rows = orjson.loads(await download(steps, exported, "json"))
        runs = {run["id"]: run for run in (await steps.get(f"{RESULTS}/{exported}/runs", limit=500))["items"]}
        assert {row["run_id"] for row in rows} == set(runs)
        for row in rows:
            run = runs[row["run_id"]]
            for name in ("question", "status", "output", "answer", "scores", "latency_ms", "failure_kind"):
                assert row[name] == run[name]

    async def test_says_what_people_say(self, steps: Steps, exported: str) -> None:
        rows = orjson.loads(await download(steps, exported, "json"))
        names = ("label", "failure_label", "label_notes")
        assert [[row[name] for name in names] for row in rows if row["label"]] == [
            ["right", None, "=bob: a\nb"],
            ["unclear", "too long; =1+1", "ada: =2"],
        ]
        (unclear,) = [row["labels"] for row in rows if row["label"] == "unclear"]
        assert [(one["labeller"], one["verdict"]) for one in unclear] == [("@bob", "right"), ("ada", "wrong")]
        assert {row["labels"] is None for row in rows if not row["label"]} == {True}
        assert "'=bob: a" in (await download(steps, exported, "csv")).decode()

    async def test_no_cell_of_a_csv_is_a_formula(self, steps: Steps, exported: str) -> None:
        text = (await download(steps, exported, "csv")).decode()
        cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
        assert "'=SUM(A1)" in cells
        assert "'=1+1" in cells
        assert "'@c" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"])
    def test_formulas_of_any_spelling(self, start: str) -> None:
        assert defused(f"{start}A1") == f"'{start}A1"
        assert defused(f"A1{start}") == f"A1{start}"

    @pytest.mark.parametrize(
        "before", [" ", "\u200b", "\ufeff", "\u00a0", "\u2060", "\u00ad", "\u3000", "'", " \u200b"]
    )
    def test_what_is_not_seen_before_a_formula(self, before: str) -> None:
        assert defused(f"{before}=1+1") == f"'{before}=1+1"

    @pytest.mark.parametrize(
        "number",
        ["-5", "-5.5", "-.5", "-1,234.50", "-1e-5", "-50%", "+49 30", "+49 30 1234567", "+1 (555) 123"],
    )
    def test_numbers_stay(self, number: str) -> None:
        assert defused(number) == number

    @pytest.mark.parametrize(
        "text", ["-2+3", "+1-2", "-5-", "+", "-", "-2+3+cmd|'/c calc'!A1", "+49 30*2", "-5\n=1"]
    )
    def test_what_would_be_computed_does_not(self, text: str) -> None:
        assert defused(text) == f"'{text}"

    def test_control_characters_of_a_csv_are_visible(self) -> None:
        assert defused("\x1b[2J a\r\nb\tc \u202e\x9b") == "␛[2J a\r\nb\tc <U+202E><U+009B>"
        assert defused(3) == 3

    async def test_parquet_has_types(self, steps: Steps, exported: str) -> None:
        table = pq.read_table(pa.BufferReader(await download(steps, exported, "parquet")))
        kinds = {field.name: str(field.type) for field in table.schema}
        assert kinds["run_id"] == "int64"
        assert kinds["f1"] == "double"
        assert kinds["cached"] == "bool"
        assert kinds["created_at"] == "timestamp[us, tz=UTC]"

    @pytest.mark.parametrize("fmt", ["json", "jsonl", "csv", "parquet"])
    async def test_of_no_runs(self, steps: Steps, fmt: str) -> None:
        data = await download(steps, await steps.create(), fmt)
        read: dict[str, Callable[[bytes], list[Any]]] = {
            "json": orjson.loads,
            "jsonl": bytes.splitlines,
            "csv": from_csv,
            "parquet": from_parquet,
        }
        assert read[fmt](data) == []

    @pytest.mark.parametrize("fmt", ["json", "jsonl", "csv", "parquet"])
    async def test_in_several_batches(
        self, steps: Steps, runtime: Runtime, exported: str, fmt: ExportFormat
    ) -> None:
        whole = await download(steps, exported, fmt)
        pieces = export_runs(runtime.sessions, uuid.UUID(exported), fmt, batch_size=5)
        parts = b"".join([piece async for piece in pieces])
        if fmt == "parquet":
            assert pq.ParquetFile(pa.BufferReader(parts)).num_row_groups == 3
            assert from_parquet(parts) == from_parquet(whole)
        else:
            assert parts == whole

    async def test_default_is_jsonl(self, steps: Steps, exported: str) -> None:
        response = await steps.api.get(f"{RESULTS}/{exported}/export")
        assert response.headers["content-type"] == "application/x-ndjson"

    async def test_unknown_format(self, steps: Steps, exported: str) -> None:
        path = f"{RESULTS}/{exported}/export"
        error = problem(await steps.api.get(path, params={"format": "xlsx"}), 422)
        assert error["errors"][0]["field"] == "format"

    async def test_while_running_gives_what_is_there(self, steps: Steps) -> None:
        experiment_id = await steps.create(dataset={"name": "quiz", "n": 2})
        assert (await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/cancel")).status_code == 202
        assert await download(steps, experiment_id, "jsonl") == b""

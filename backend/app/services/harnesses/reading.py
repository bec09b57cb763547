"""Which harness a file is from, told by its content, and the logs in it."""

import json
from collections.abc import Sequence

import orjson

from app.core.errors import FieldError, InvalidInput
from app.domain.json import JsonObject
from app.services.harnesses import answers_file, inspect_log, lm_eval, promptfoo
from app.services.harnesses.logs import BrokenEntry, Log, parsed
from app.services.harnesses.unpacking import unpacked
from app.services.imports.files import File, Report
from app.services.imports.rows import file_rows, unstorable


def read_logs(files: Sequence[File], columns: Sequence[str] = ()) -> list[Log]:
    """Return the logs in files: one for each evaluation of a model.

    Args:
        files: of one harness, or of several; results of lm-evaluation-harness stand beside their samples, or
            with them in a zip.
        columns: where the fields of a plain file of answers are, each as ``field=column``.

    Raises:
        InvalidInput: if a file is none of the known kinds, or broken; nothing was stored.
    """
    files = [one for file in files for one in unpacked(file)]
    documents = {file.name: document for file in files if (document := _document(file)) is not None}
    results = [one for one in documents.values() if lm_eval.is_results(one)]
    logs: list[Log] = []
    for file in files:
        try:
            found = _logs(file, documents.get(file.name), results, columns)
            for one in found:
                _require_storable(one)
            logs += found
        except BrokenEntry as error:
            raise broken(file.name, error) from error
    if not logs:
        raise InvalidInput(
            "The file of results has no answers.",
            hint="Give samples_….jsonl, which lm-evaluation-harness writes with --log_samples, beside it.",
            errors=[FieldError("file", "no samples")],
        )
    return logs


def broken(name: str, error: BrokenEntry) -> InvalidInput:
    """Return an error that names the broken entry of a file."""
    return InvalidInput(
        f"{name} could not be imported: {error}. Nothing was imported.",
        hint="Is the file complete? A newer version of its harness may write it in another way.",
        errors=[FieldError(error.place, error.problem)],
    )


def _require_storable(log: Log) -> None:
    """Refuse a log whose header the database could not store.

    Raises:
        BrokenEntry: that says why.
    """
    named = (log.name, log.task, log.model, log.harness_version)
    try:
        settings = orjson.loads(orjson.dumps(log.settings))  # NaN, which logs may have, is stored as null
    except TypeError:
        settings = log.settings
    problem = unstorable(named, settings)
    if problem is not None:
        raise BrokenEntry("header", problem)


def _logs(
    file: File, document: JsonObject | None, results: Sequence[JsonObject], columns: Sequence[str]
) -> list[Log]:
    if inspect_log.is_archive(file):
        return [inspect_log.read_archive(file)]
    if document is not None:
        return _of_document(file, document)
    first = next((row for _, row in file_rows(file, Report())), {}) if not answers_file.is_table(file) else {}
    if lm_eval.is_samples(first):
        return [lm_eval.read_samples(file, _belonging(file, results))]
    if promptfoo.is_result(first):
        return promptfoo.read_lines(file)
    return answers_file.read_file(file, columns)


def _of_document(file: File, document: JsonObject) -> list[Log]:
    if lm_eval.is_results(document):
        return []  # read with the samples
    if inspect_log.is_json(document):
        return [inspect_log.read_json(file, document)]
    if promptfoo.is_results(document):
        return promptfoo.read_document(file, document)
    raise InvalidInput(
        f"{file.name} is no log that is known here.",
        hint="Known are logs of Inspect, lm-evaluation-harness and promptfoo, and JSONL or CSV with answers.",
        errors=[FieldError("file", "unknown kind of JSON")],
    )


def _belonging(file: File, results: Sequence[JsonObject]) -> JsonObject | None:
    """Return the results of the task of a file of samples; the only ones, if there is one file of them."""
    if len(results) == 1:
        return results[0]
    name = file.name.rpartition("/")[2]
    fitting = [one for one in results if any(f"samples_{task}_" in name for task in one["results"])]
    return fitting[0] if len(fitting) == 1 else None


def _document(file: File) -> JsonObject | None:
    """Return the content of a file that is one JSON object; a JSONL file of one line is none."""
    start = bytes(file.data[:4096]).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"{") or file.name.lower().endswith(".jsonl"):
        return None
    try:
        found = parsed(file.data if isinstance(file.data, bytes) else memoryview(file.data))
    except json.JSONDecodeError as error:
        if file.name.lower().endswith(".json"):
            raise InvalidInput(
                f"{file.name} is no JSON: {error.msg}.",
                hint="Is it complete?",
                errors=[FieldError(f"line {error.lineno}", error.msg)],
            ) from error
        return None
    return found if isinstance(found, dict) else None

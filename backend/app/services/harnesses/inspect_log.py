"""Logs of Inspect: ``.eval``, a zip with one entry for each sample, and the older ``.json``.

Both hold the same objects (``EvalLog`` and ``EvalSample`` of inspect_ai). Newer logs are compressed with
Zstandard, which the standard library reads from Python 3.14 on.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from app.core.errors import FieldError, InvalidInput
from app.domain.generation import Usage
from app.domain.harness import score_name
from app.domain.json import JsonObject
from app.domain.scoring import Score
from app.services.harnesses.logs import (
    BrokenEntry,
    Log,
    LoggedAnswer,
    count_or_none,
    message_of,
    number_or_none,
    parsed,
    scored,
    text_of,
)
from app.services.imports.files import File, open_binary

if TYPE_CHECKING:
    from backports.zstd.zipfile import ZipFile

_SAMPLES = "samples/"
_MAX_ENTRY = 200_000_000  # bytes of one sample once it is unpacked
_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Inspect's grades: correct, partly correct, incorrect, no answer; its own ``value_to_float``."""


def is_archive(file: File) -> bool:
    """Return whether a file is a zip with the header of an Inspect log, or with its first entry.

    Raises:
        InvalidInput: if it is another zip, or a part of one.
    """
    if file.data[:4] != b"PK\x03\x04":
        return False
    try:
        with _open(file) as archive:
            names = set(archive.namelist())
    except Exception:  # noqa: BLE001 - of many kinds, each says that it is no complete zip
        names = set()
    if names & {"header.json", "_journal/start.json"}:
        return True
    raise InvalidInput(
        f"{file.name} is a zip, and no complete log of Inspect.",
        hint="Copy the file again; other zips must be unpacked first.",
        errors=[FieldError("file", "has no header.json")],
    )


def read_archive(file: File) -> Log:
    """Return the log in an ``.eval`` file.

    Raises:
        InvalidInput: if its header cannot be read, or the evaluation did not end.
    """
    with _open(file) as archive:
        names = archive.namelist()
        if "header.json" not in names:
            raise InvalidInput(
                f"{file.name} is the log of an evaluation that has not ended.",
                hint="Let Inspect finish it: `inspect eval-retry LOG`.",
                errors=[FieldError("header.json", "is missing")],
            )
        header = _object(archive, "header.json")
    entries = sorted(name for name in names if name.startswith(_SAMPLES) and name.endswith(".json"))

    def answers() -> Iterator[LoggedAnswer]:
        with _open(file) as opened:
            for name in entries:
                yield _item(_object(opened, name), name)

    return _log(file, header, answers)


def is_json(document: JsonObject) -> bool:
    """Return whether a JSON document is an Inspect log."""
    return isinstance(document.get("eval"), dict) and "status" in document


def read_json(file: File, document: JsonObject) -> Log:
    """Return the log in a ``.json`` file.

    Raises:
        InvalidInput: if it has no samples.
    """
    samples = document.get("samples")
    if not isinstance(samples, list):
        raise InvalidInput(
            f"{file.name} is an Inspect log without samples.",
            hint="Import the whole log, not its header.",
            errors=[FieldError("samples", "is missing")],
        )

    def answers() -> Iterator[LoggedAnswer]:
        for number, sample in enumerate(samples, start=1):
            yield _item(sample, f"sample {number}")

    return _log(file, document, answers)


def _open(file: File) -> "ZipFile":
    if sys.version_info >= (3, 14):
        from zipfile import ZipFile
    else:
        from backports.zstd.zipfile import ZipFile
    return ZipFile(open_binary(file))


def _object(archive: "ZipFile", name: str) -> JsonObject:
    if archive.getinfo(name).file_size > _MAX_ENTRY:
        raise BrokenEntry(name, f"has more than {_MAX_ENTRY:,} bytes")
    try:
        found = parsed(archive.read(name))
    except Exception as error:  # each kind of compression has its own
        raise BrokenEntry(name, f"cannot be read ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise BrokenEntry(name, "is not a JSON object")
    return found


def _log(file: File, header: JsonObject, answers: Callable[[], Iterator[LoggedAnswer]]) -> Log:
    about = header.get("eval")
    if not isinstance(about, dict) or not isinstance(about.get("model"), str):
        raise InvalidInput(
            f"The header of {file.name} names no model.",
            hint="This version reads version 2 of Inspect's logs.",
            errors=[FieldError("eval.model", "is missing")],
        )
    task = str(about.get("task") or "task")
    plan = header.get("plan")
    return Log(
        harness="inspect",
        harness_version=(about.get("packages") or {}).get("inspect_ai"),
        name=f"{task} (Inspect)",
        task=task.rpartition("/")[2],
        model=about["model"],
        settings={
            "status": header.get("status"),
            "created": about.get("created"),
            "task_args": about.get("task_args"),
            "generate_config": about.get("model_generate_config"),
            "model_args": about.get("model_args"),
            "config": about.get("config"),
            "steps": plan.get("steps") if isinstance(plan, dict) else None,
            "results": header.get("results"),
        },
        answers=answers,
    )


def _item(sample: object, place: str) -> LoggedAnswer:
    if not isinstance(sample, dict):
        raise BrokenEntry(place, "is not a JSON object")
    question = _question(sample.get("input"))
    if not question:
        raise BrokenEntry(place, "has no input")
    output = sample.get("output") or {}
    choices = output.get("choices") or [{}]
    error = sample.get("error") or sample.get("limit")
    usage = output.get("usage") or {}
    seconds = number_or_none(output.get("time"))
    metadata = {**(sample.get("metadata") or {})}
    if sample.get("choices"):
        metadata["choices"] = sample["choices"]
    return LoggedAnswer(
        place=place,
        key=str(sample.get("id", place)),
        repeat=max(0, (count_or_none(sample.get("epoch")) or 1) - 1),
        question=question,
        answers=_targets(sample.get("target")),
        output=None if sample.get("error") else _completion(output),
        error=_problem(error) if sample.get("error") else None,
        messages=tuple(
            message_of(one.get("role"), one.get("content"))
            for one in sample.get("messages") or ()
            if isinstance(one, dict) and one.get("role") in {"system", "user"}
        ),
        scores=_scores(sample.get("scores")),
        usage=Usage(
            prompt_tokens=_prompt_tokens(usage),
            completion_tokens=count_or_none(usage.get("output_tokens")),
            reasoning_tokens=count_or_none(usage.get("reasoning_tokens")),
            cache_read_tokens=count_or_none(usage.get("input_tokens_cache_read")),
            cache_write_tokens=count_or_none(usage.get("input_tokens_cache_write")),
        ),
        latency_ms=None if seconds is None else seconds * 1000,
        cost_usd=number_or_none(usage.get("total_cost")),
        finish_reason=choices[0].get("stop_reason"),
        metadata=metadata,
    )


def _prompt_tokens(usage: JsonObject) -> int | None:
    """Return the tokens of the whole prompt: Inspect counts those of the provider's prompt cache apart."""
    fresh = count_or_none(usage.get("input_tokens"))
    cached = [count_or_none(usage.get(f"input_tokens_cache_{name}")) or 0 for name in ("read", "write")]
    return None if fresh is None else fresh + sum(cached)


def _question(given: object) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, list):  # of messages; the last one that a user sent is the question
        asked = [one for one in given if isinstance(one, dict) and one.get("role") == "user"]
        return text_of(asked[-1].get("content")) if asked else ""
    return ""


def _targets(given: object) -> tuple[str, ...]:
    values = given if isinstance(given, list) else [given]
    return tuple(dict.fromkeys(one for one in values if isinstance(one, str) and one.strip()))


def _completion(output: JsonObject) -> str | None:
    completion = output.get("completion")
    if isinstance(completion, str):
        return completion
    choices = output.get("choices") or [{}]
    message = choices[0].get("message") or {}
    return text_of(message.get("content")) if "content" in message else None


def _problem(error: object) -> str:
    message = error.get("message") if isinstance(error, Mapping) else error
    return str(message or "the sample failed")[:2000]


def _scores(given: object) -> dict[str, Score]:
    found: dict[str, Score] = {}
    for scorer, one in (given or {}).items() if isinstance(given, dict) else ():
        value = one.get("value") if isinstance(one, dict) else one
        reason = str((one.get("explanation") if isinstance(one, dict) else "") or "")
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for part, single in parts:
            name = score_name("inspect", scorer, part)
            graded = _LETTERS.get(single, single) if isinstance(single, str) else single
            found[name] = scored(name, graded, reason)
    return found

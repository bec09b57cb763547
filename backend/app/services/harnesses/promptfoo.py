"""Results of promptfoo: ``-o results.json``, or ``.jsonl`` with one result in each line.

Each provider with each prompt is one experiment. A result names its variables, not its question: the
variable with a usual name is taken, or the only one. Accepted answers are those of assertions that compare
the output with a text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from app.core.errors import FieldError, InvalidInput
from app.domain.generation import Usage
from app.domain.harness import score_name
from app.domain.hashing import content_hash
from app.domain.json import JsonObject
from app.domain.scoring import Score
from app.services.datasets.columns import Columns
from app.services.datasets.golds import read_golds
from app.services.harnesses.logs import (
    BrokenEntry,
    Log,
    LoggedAnswer,
    count_or_none,
    message_of,
    number_or_none,
    own_identity,
    scored,
)
from app.services.imports.files import File, Report
from app.services.imports.rows import file_rows

_COLUMNS = Columns()
_TEXT_ASSERTIONS = frozenset(
    {
        *("equals", "contains", "icontains", "contains-any", "icontains-any"),
        *("starts-with", "similar", "factuality"),
    }
)
"""Assertions whose value is an accepted answer, or a list of them."""
Rows: TypeAlias = Callable[[], Iterable[tuple[str, Mapping[str, object]]]]
"""Reads all results of a file from its beginning, with the place of each."""
_PLACE = re.compile(r"{{\s*([\w.-]+)\s*}}")


@dataclass(frozen=True, slots=True)
class _Part:
    """Which results are of one experiment: provider and number of the prompt."""

    provider: str
    prompt: int
    label: str


def is_results(document: Mapping[str, object]) -> bool:
    """Return whether a JSON document is a file of results."""
    results = document.get("results")
    return isinstance(results, dict) and isinstance(results.get("results"), list)


def is_result(row: Mapping[str, object]) -> bool:
    """Return whether the first line of a JSONL file is a result."""
    return {"promptIdx", "testIdx", "provider"} <= row.keys()


def read_document(file: File, document: JsonObject) -> list[Log]:
    """Return the logs in a JSON file, one for each provider and prompt."""
    results = document["results"]["results"]

    def rows() -> Iterator[tuple[str, Mapping[str, object]]]:
        for number, row in enumerate(results, start=1):
            yield f"result {number}", row

    return _logs(file, rows, document)


def read_lines(file: File) -> list[Log]:
    """Return the logs in a JSONL file, one for each provider and prompt."""

    def rows() -> Iterator[tuple[str, Mapping[str, object]]]:
        report = Report()
        for number, row in file_rows(file, report):
            yield f"line {number}", row
        report.raise_if_any(file.name, "Each line is a JSON object, as promptfoo writes it.")

    return _logs(file, rows, {})


def _logs(file: File, rows: Rows, document: JsonObject) -> list[Log]:
    parts: dict[tuple[str, int], _Part] = {}
    for place, row in rows():
        part = _part(row, place)
        parts.setdefault((part.provider, part.prompt), part)
    if not parts:
        raise InvalidInput(f"{file.name} has no results.", errors=[FieldError("results", "is an empty list")])
    return [_log(file, rows, document, part, alone=len(parts) == 1) for part in parts.values()]


def _part(row: Mapping[str, object], place: str) -> _Part:
    provider, prompt = row.get("provider"), row.get("prompt")
    named = provider.get("label") or provider.get("id") if isinstance(provider, dict) else provider
    number = count_or_none(row.get("promptIdx"))
    if not isinstance(named, str) or number is None:
        raise BrokenEntry(place, "has no provider.id or promptIdx")
    label = prompt.get("label") if isinstance(prompt, dict) else None
    return _Part(named, number, label if isinstance(label, str) else f"prompt {number + 1}")


def _log(file: File, rows: Rows, document: JsonObject, part: _Part, *, alone: bool) -> Log:
    config = document.get("config") or {}
    task = str(config.get("description") or file.name.rpartition("/")[2].rpartition(".")[0] or "promptfoo")

    def answers() -> Iterator[LoggedAnswer]:
        seen: dict[str, tuple[str, int]] = {}
        for place, row in rows():
            own = _part(row, place)
            if (own.provider, own.prompt) == (part.provider, part.prompt):
                yield _item(row, place, seen)

    suffix = "" if alone else f", {part.provider}, prompt {part.prompt + 1}"
    about = document.get("metadata") or {}
    return Log(
        harness="promptfoo",
        harness_version=about.get("promptfooVersion"),
        name=f"{task} (promptfoo{suffix})"[:200],
        task=task,
        model=part.provider,
        settings={
            "prompt": part.label,
            "providers": config.get("providers"),
            "created": about.get("evaluationCreatedAt"),
            "evaluation": document.get("evalId"),
        },
        answers=answers,
    )


def _item(row: Mapping[str, object], place: str, seen: dict[str, tuple[str, int]]) -> LoggedAnswer:
    test = row.get("testCase")
    variables = row.get("vars") or (test.get("vars") if isinstance(test, dict) else None) or {}
    prompt, response = row.get("prompt"), row.get("response")
    raw = prompt.get("raw") if isinstance(prompt, dict) else prompt
    if not isinstance(variables, dict) or not isinstance(raw, str):
        raise BrokenEntry(place, "has no vars or prompt")
    response = response if isinstance(response, dict) else {}
    output = response.get("output")
    text = output if isinstance(output, str) or output is None else str(output)
    usage = response.get("tokenUsage") or row.get("tokenUsage")
    usage = usage if isinstance(usage, dict) else {}
    number = count_or_none(row.get("testIdx"))
    # With --repeat, each repeat of a test has a number of its own; its variables are the same.
    alike = content_hash(variables)
    key, repeat = seen.get(alike, (place if number is None else str(number), 0))
    seen[alike] = key, repeat + 1
    about = row.get("metadata")
    key, repeat = (own_identity(about) if isinstance(about, dict) else None) or (key, repeat)
    question, rest = _question(variables, raw)
    if isinstance(test, dict) and isinstance(test.get("metadata"), dict):
        rest = {**test["metadata"], **rest}
    problem = response.get("error") or (row.get("error") if text is None else None)
    return LoggedAnswer(
        place=place,
        key=key,
        repeat=repeat,
        question=question,
        answers=_golds(variables, test if isinstance(test, dict) else {}),
        output=text,
        error=None if text is not None else str(problem or "there is no output")[:2000],
        messages=(message_of("user", raw),),
        scores=_scores(row),
        usage=Usage(
            prompt_tokens=count_or_none(usage.get("prompt")),
            completion_tokens=count_or_none(usage.get("completion")),
        ),
        latency_ms=number_or_none(row.get("latencyMs")),
        cost_usd=number_or_none(row.get("cost")) or None,  # 0: no price is known
        finish_reason=response.get("finishReason"),
        metadata=rest,
    )


def _question(variables: JsonObject, raw: str) -> tuple[str, JsonObject]:
    """Return the question among the variables, or the prompt, and what is left of the variables."""
    fields, rest = _COLUMNS.apply(variables)
    question = fields.get("question")
    if isinstance(question, str) and question.strip():
        return question, rest
    texts = [name for name, value in variables.items() if isinstance(value, str)]
    if len(texts) == 1:
        return variables[texts[0]], {name: value for name, value in variables.items() if name != texts[0]}
    return raw, dict(variables)


def _golds(variables: JsonObject, test: Mapping[str, object]) -> tuple[str, ...]:
    assertions = test.get("assert")
    found: dict[str, None] = {}
    for one in assertions if isinstance(assertions, list) else ():
        if not isinstance(one, dict) or one.get("type") not in _TEXT_ASSERTIONS:
            continue
        value = one.get("value")
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str | int | float) and str(text).strip():
                found[_filled(str(text), variables)] = None
    if found:
        return tuple(found)
    fields, _ = _COLUMNS.apply(variables)
    golds = read_golds(fields)
    return () if isinstance(golds, str) else golds


def _filled(text: str, variables: JsonObject) -> str:
    """Return a text with the variables in place of ``{{name}}``."""
    return _PLACE.sub(lambda match: str(variables.get(match[1], match[0])), text)


def _scores(row: Mapping[str, object]) -> dict[str, Score]:
    graded = row.get("gradingResult")
    reason = str(graded.get("reason") or "") if isinstance(graded, dict) else ""
    named = row.get("namedScores")
    values: dict[str, object] = {"pass": row.get("success"), "score": row.get("score")}
    values |= named if isinstance(named, dict) else {}
    found: dict[str, Score] = {}
    for part, value in values.items():
        if value is not None:
            name = score_name("promptfoo", part)
            found[name] = scored(name, value, reason)
    return found

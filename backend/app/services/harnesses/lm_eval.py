"""Logs of lm-evaluation-harness: ``samples_TASK_TIME.jsonl`` (``--log_samples``), with ``results_TIME.json``.

A line holds one document under one filter (``strict-match``, say): lines of the same document are put
together. A document that stands there more than once under the same filter was answered more than once, as in
our own exports. Of tasks that generate, the answer is the first response; of those that compare likelihoods,
the likeliest continuation.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from app.core.errors import FieldError, InvalidInput
from app.domain.harness import score_name
from app.domain.json import JsonObject
from app.domain.scoring import Score
from app.services.datasets.columns import Columns
from app.services.datasets.golds import read_golds
from app.services.harnesses.logs import OURS, BrokenEntry, Log, LoggedAnswer, own_identity, scored
from app.services.imports.files import File, Report
from app.services.imports.rows import file_rows

_FILE = re.compile(r"samples_(?P<task>.+)_\d{4}-\d\d-\d\dT[\d\-.:]+\.jsonl$")
_COLUMNS = Columns()


def is_samples(row: Mapping[str, object]) -> bool:
    """Return whether the first line of a JSONL file is one of a log of samples."""
    return "doc_id" in row and "resps" in row and "arguments" in row


def is_results(document: JsonObject) -> bool:
    """Return whether a JSON document is the file of results beside the samples."""
    return isinstance(document.get("results"), dict) and "n-shot" in document


def read_samples(file: File, results: JsonObject | None) -> Log:
    """Return the log in a file of samples.

    Args:
        file: of samples.
        results: the file of results that belongs to it, which names model, version and settings.
    """
    about = results or {}
    match = _FILE.search(file.name)
    task = match["task"] if match else file.name.rpartition("/")[2].removesuffix(".jsonl")
    if results is not None and task not in about["results"]:
        raise InvalidInput(
            f"{file.name} is of the task {task}, which the file of results does not have.",
            hint="Import samples together with the results of the same run.",
            errors=[FieldError("file", "samples and results do not belong together")],
        )
    config = about.get("config") or {}
    arguments = config.get("model_args")
    named = arguments.get("model") if isinstance(arguments, dict) else None
    model = about.get("model_name") or named or config.get("model") or "unknown"
    source = about.get("model_source") or config.get("model")
    return Log(
        harness="lm-eval",
        harness_version=about.get("lm_eval_version"),
        name=f"{task} (lm-evaluation-harness)",
        task=task,
        model=f"{source}/{model}" if source else str(model),
        settings={
            "task": (about.get("configs") or {}).get(task),
            "task_version": (about.get("versions") or {}).get(task),
            "n_shot": (about.get("n-shot") or {}).get(task),
            "task_hash": (about.get("task_hashes") or {}).get(task),
            "config": config or None,
            "system_instruction": about.get("system_instruction"),
            "results": (about.get("results") or {}).get(task),
        },
        answers=lambda: _answers(file),
    )


def _answers(file: File) -> Iterator[LoggedAnswer]:
    further = _further_scores(file)
    seen: set[tuple[str, int]] = set()
    for number, row, doc_id, repeat in _lines(file):
        if (doc_id, repeat) not in seen:
            seen.add((doc_id, repeat))
            yield _item(row, f"line {number}", doc_id, repeat, further.get((doc_id, repeat), {}))


def _lines(file: File) -> Iterator[tuple[int, Mapping[str, object], str, int]]:
    """Yield number, content, document and repeat of each line."""
    times: Counter[tuple[str, str]] = Counter()
    for number, row in _rows(file):
        doc_id = _doc_id(row, number)
        under = doc_id, str(row.get("filter"))
        own = own_identity(row)
        yield number, row, doc_id, times[under] if own is None else own[1]
        times[under] += 1


def _rows(file: File) -> Iterator[tuple[int, Mapping[str, object]]]:
    report = Report()
    yield from file_rows(file, report)
    report.raise_if_any(file.name, "Each line is a JSON object, as lm-evaluation-harness writes it.")


def _doc_id(row: Mapping[str, object], number: int) -> str:
    doc_id = row.get("doc_id")
    if not isinstance(doc_id, int | str):
        raise BrokenEntry(f"line {number}", "has no doc_id")
    return str(doc_id)


def _further_scores(file: File) -> dict[tuple[str, int], dict[str, Score]]:
    """Return the scores of answers under further filters, which stand in later lines."""
    seen: set[tuple[str, int]] = set()
    found: dict[tuple[str, int], dict[str, Score]] = {}
    for _, row, doc_id, repeat in _lines(file):
        if (doc_id, repeat) in seen:
            found.setdefault((doc_id, repeat), {}).update(_scores(row))
        seen.add((doc_id, repeat))
    return found


def _item(
    row: Mapping[str, object], place: str, doc_id: str, repeat: int, further: Mapping[str, Score]
) -> LoggedAnswer:
    requests = _requests(row)
    if not requests:
        raise BrokenEntry(place, "has no arguments")
    prompt = requests[0][0]
    doc = row.get("doc")
    fields, rest = _COLUMNS.apply(doc) if isinstance(doc, dict) else ({}, {})
    question = fields.get("question")
    error = row.get("error") if OURS in row else None
    output, gold = (None, ()) if isinstance(error, str) else _answer(row, requests, place)
    key = fields.get("id")
    return LoggedAnswer(
        place=place,
        key=str(key) if isinstance(key, int | str) and key != "" else doc_id,
        repeat=repeat,
        question=question if isinstance(question, str) and question.strip() else prompt,
        answers=gold or _golds(fields, row.get("target")),
        output=output,
        error=error if isinstance(error, str) else None,
        messages=({"role": "user", "content": prompt},),
        scores={**_scores(row), **further},
        finish_reason=_finish_reason(row),
        metadata={name: value for name, value in rest.items() if isinstance(value, str | int | float | list)},
    )


def _finish_reason(row: Mapping[str, object]) -> str | None:
    """Return why the answer ended, which only our own exports say: one that was cut off is read otherwise."""
    about = row.get(OURS)
    found = about.get("finish_reason") if isinstance(about, Mapping) else None
    return found if isinstance(found, str) else None


def _requests(row: Mapping[str, object]) -> list[tuple[str, object]]:
    """Return prompt and second argument of each request of a document."""
    arguments = row.get("arguments")
    each = list(arguments.values()) if isinstance(arguments, dict) else arguments
    found: list[tuple[str, object]] = []
    for one in each if isinstance(each, list) else ():
        pair = list(one.values()) if isinstance(one, dict) else one
        if isinstance(pair, list) and pair and isinstance(pair[0], str):
            found.append((pair[0], pair[1] if len(pair) > 1 else None))
    return found


def _answer(
    row: Mapping[str, object], requests: Sequence[tuple[str, object]], place: str
) -> tuple[str, tuple[str, ...]]:
    """Return the answer, and the accepted one where the document names it by its place among choices."""
    responses = row.get("resps")
    if not isinstance(responses, list) or not responses:
        raise BrokenEntry(place, "has no responses")
    firsts = [one[0] if isinstance(one, list) and one else one for one in responses]
    if isinstance(firsts[0], str):
        return firsts[0], ()
    likelihoods = [value for one in firsts if (value := _likelihood(one)) is not None]
    choices = [str(one[1]).strip() for one in requests]
    if not len(choices) == len(likelihoods) == len(firsts):
        raise BrokenEntry(place, "has neither generated text nor a likelihood for each choice")
    best = max(range(len(choices)), key=likelihoods.__getitem__)
    target = row.get("target")
    index = int(target) if isinstance(target, int | str) and str(target).isdigit() else len(choices)
    return choices[best], tuple(choices[index : index + 1])


def _likelihood(given: object) -> float | None:
    value = given[0] if isinstance(given, list) and given else given
    try:  # older versions write numbers as text
        return float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None


def _golds(fields: Mapping[str, object], target: object) -> tuple[str, ...]:
    for given in (fields, {"answers": target}):
        golds = read_golds(given)
        if not isinstance(golds, str):
            return golds
    return ()


def _scores(row: Mapping[str, object]) -> dict[str, Score]:
    names, of = row.get("metrics"), row.get("filter")
    under = "" if of in {None, "none"} else str(of)
    found: dict[str, Score] = {}
    for metric in names if isinstance(names, list) else ():
        if isinstance(metric, str) and metric in row:
            name = score_name("lm-eval", metric, under)
            found[name] = scored(name, row[metric])
    return found

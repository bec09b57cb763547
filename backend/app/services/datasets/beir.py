"""Reading a folder in the form of BEIR: documents, queries, and which documents each query needs."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from app.core.errors import FieldError, InvalidInput
from app.domain.json import JsonObject
from app.services.datasets.published import Published, Rows
from app.services.imports.files import File, Report, decode, jsonl_rows
from app.services.imports.published_formats import CORPUS, QRELS, QUERIES, find_file

NEEDED = f"{CORPUS}, {QUERIES}, and {' or '.join(QRELS)}"
_COLUMNS = 3
_HINT = (
    f'{CORPUS}: "_id", "title", "text"; {QUERIES}: "_id", "text"; '
    "the judgements: query-id, corpus-id and score, parted by tabs."
)


def of_folder(files: Sequence[File]) -> Published:
    """Return the dataset of the queries that have a relevant document, that is, of a score above 0.

    Raises:
        InvalidInput: naming the file that is missing, and each wrong line of the judgements and the
            documents.
    """
    corpus, queries, judged = (find_file(files, *names) for names in ((CORPUS,), (QUERIES,), QRELS))
    if corpus is None or queries is None or judged is None:
        there = ((corpus, CORPUS), (queries, QUERIES), (judged, " or ".join(QRELS)))
        missing = ", ".join(name for file, name in there if file is None)
        raise InvalidInput(
            f"Several files are a dataset only as a folder of BEIR has them; missing: {missing}.",
            hint=f"Needed are {NEEDED}.",
            errors=[FieldError("files", f"missing: {missing}")],
        )
    lines = _judgements(judged)
    relevant: dict[str, list[str]] = {}
    for query, document in lines:
        relevant.setdefault(query, []).append(document)
    titles = _titles(corpus, {document for _, document in lines})
    known = _ids(queries)
    report = Report()
    for (query, document), line in lines.items():
        if document not in titles:
            report.add(line, f"the document {document!r} is not in {corpus.name}")
        if query not in known:
            report.add(line, f"the query {query!r} is not in {queries.name}")
    report.raise_if_any(judged.name, _HINT)
    notes = [f"BEIR, by {PurePosixPath(judged.name).name}."]
    found = Published(iter(()), Report(), "squad", notes, queries.name)
    found.rows = _rows(queries, relevant, titles, found)
    return found


def _judgements(file: File) -> dict[tuple[str, str], int]:
    """Return the line of each pair of a query and a relevant document."""
    lines: dict[tuple[str, str], int] = {}
    report = Report()
    for number, line in enumerate(decode(file.data, file.name).split("\n"), start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if cells == [""]:
            continue
        score = _number(cells[2]) if len(cells) == _COLUMNS and cells[0] and cells[1] else None
        if score is None:
            if number > 1 or len(cells) != _COLUMNS:  # else it is the header
                report.add(number, "must be query-id, corpus-id and a whole number, parted by tabs")
        elif score > 0:
            lines.setdefault((cells[0], cells[1]), number)
    report.raise_if_any(file.name, _HINT)
    return lines


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _titles(file: File, wanted: set[str]) -> dict[str, str]:
    """Return the titles of the documents that are ``wanted``; those of all could be very many."""
    titles: dict[str, str] = {}
    report = Report()
    for line, row in jsonl_rows(decode(file.data, file.name), report):
        key, title = _id(row), row.get("title") or ""
        if key is None or not isinstance(title, str):
            report.add(line, "needs an _id, and a title that is a text or missing")
        elif key in wanted:
            titles[key] = title.strip()
    report.raise_if_any(file.name, _HINT)
    return titles


def _ids(file: File) -> set[str]:
    """Return the ids of the queries."""
    ids: set[str] = set()
    report = Report()
    for line, row in jsonl_rows(decode(file.data, file.name), report):
        key = _id(row)
        if key is None:
            report.add(line, "needs an _id")
        else:
            ids.add(key)
    report.raise_if_any(file.name, _HINT)
    return ids


def _rows(file: File, relevant: dict[str, list[str]], titles: dict[str, str], found: Published) -> Rows:
    """Yield the queries with a relevant document."""
    counts: Counter[str] = Counter()
    for line, row in jsonl_rows(decode(file.data, file.name), found.report):
        key = _id(row)
        counts["all"] += 1
        documents = relevant.get(key or "")
        if documents is None:
            counts["unjudged"] += 1
            continue
        told = _told(row)
        counts["told"] += told is not None
        answers = [titles[one] or one for one in documents] if told is None else told
        yield line, {"id": key, "question": row.get("text"), "answers": answers, "supporting": documents}
    used = counts["all"] - counts["unjudged"]
    if counts["told"]:
        found.notes.append(f"{counts['told']:,} of {used:,} queries bring their answers.")
    if counts["told"] < used:
        found.notes.append(
            "A query without an answer has the titles of its relevant documents for answers, "
            "and their ids where they have no title."
        )
    if counts["unjudged"]:
        left_out = f"{counts['unjudged']:,} of {counts['all']:,}"
        found.notes.append(f"Queries without a relevant document are left out: {left_out}.")


def _told(row: JsonObject) -> Any:
    """Return the answers that a query brings; BEIR's HotpotQA has them in its metadata."""
    more = row.get("metadata")
    places = (row, more) if isinstance(more, dict) else (row,)
    given = (place.get(name) for place in places for name in ("answers", "answer"))
    return next((one for one in given if one not in (None, "", [])), None)


def _id(row: JsonObject) -> str | None:
    key = row.get("_id", row.get("id"))
    return str(key) if isinstance(key, str | int) and not isinstance(key, bool) and str(key) else None

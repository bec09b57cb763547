"""Reading a folder in BEIR's format: documents, queries, and the documents that are relevant to each."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from app.core.errors import FieldError, InvalidInput
from app.services.datasets.published import Published
from app.services.evaluation.scorers.retrieval import ANSWERED_BY, TITLES
from app.services.imports.files import File, Report, open_text
from app.services.imports.published_formats import CORPUS, QRELS, QUERIES, find_file
from app.services.imports.rows import Row, Rows, file_rows

NEEDED = f"{CORPUS}, {QUERIES}, and {' or '.join(QRELS)}"
_COLUMNS = 3
_HINT = (
    f'{CORPUS}: "_id", "title", "text"; {QUERIES}: "_id", "text"; '
    "the judgements: query-id, corpus-id and score, separated by tabs."
)


def of_folder(files: Sequence[File]) -> Published:
    """Return the dataset of all queries with a relevant document, that is, one with a score above 0.

    Raises:
        InvalidInput: naming the missing file, or each wrong line of judgements and documents.
    """
    corpus, queries, judged = (find_file(files, *names) for names in ((CORPUS,), (QUERIES,), QRELS))
    if corpus is None or queries is None or judged is None:
        there = ((corpus, CORPUS), (queries, QUERIES), (judged, " or ".join(QRELS)))
        missing = ", ".join(name for file, name in there if file is None)
        raise InvalidInput(
            f"Several files are imported only as a BEIR folder; missing: {missing}.",
            hint=f"A BEIR folder has {NEEDED}.",
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
    """Return the pairs of query and relevant document, each with its line number."""
    lines: dict[tuple[str, str], int] = {}
    report = Report()
    for number, line in enumerate(open_text(file, "\n"), start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if cells == [""]:
            continue
        score = _number(cells[2]) if len(cells) == _COLUMNS and cells[0] and cells[1] else None
        if score is None:
            if number > 1 or len(cells) != _COLUMNS:  # the first line may be a header
                report.add(number, "must be query-id, corpus-id and a whole number, separated by tabs")
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
    """Return the titles of the documents in ``wanted``; a corpus may hold millions of others."""
    titles: dict[str, str] = {}
    report = Report()
    for line, row in file_rows(file, report):
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
    for line, row in file_rows(file, report):
        key = _id(row)
        if key is None:
            report.add(line, "needs an _id")
        else:
            ids.add(key)
    report.raise_if_any(file.name, _HINT)
    return ids


def _rows(file: File, relevant: dict[str, list[str]], titles: dict[str, str], found: Published) -> Rows:
    """Yield a row for each query with a relevant document."""
    counts: Counter[str] = Counter()
    for line, row in file_rows(file, found.report):
        key = _id(row)
        counts["all"] += 1
        documents = relevant.get(key or "")
        if documents is None:
            counts["unjudged"] += 1
            continue
        stated = _stated_answers(row)
        counts["answered"] += stated is not None
        answers = [titles[one] or one for one in documents] if stated is None else stated
        # Titles are no answers: where they stand in for them, nothing can be said of an answer in a passage.
        titled = {} if stated is not None else {ANSWERED_BY: TITLES}
        example = {"id": key, "question": row.get("text"), "answers": answers, "supporting": documents}
        yield line, {**example, **titled}
    used = counts["all"] - counts["unjudged"]
    if counts["answered"]:
        found.notes.append(f"{counts['answered']:,} of {used:,} queries come with answers.")
    if counts["answered"] < used:
        found.notes.append(
            "Other queries are answered by the titles of their relevant documents, "
            "or their ids where they have no title."
        )
    if counts["unjudged"]:
        left_out = f"{counts['unjudged']:,} of {counts['all']:,}"
        found.notes.append(f"Queries without a relevant document are left out: {left_out}.")


def _stated_answers(row: Row) -> object:
    """Return the answers given with a query; BEIR's HotpotQA has them in the metadata."""
    more = row.get("metadata")
    places = (row, more) if isinstance(more, dict) else (row,)
    given = (place.get(name) for place in places for name in ("answers", "answer"))
    return next((one for one in given if one not in (None, "", [])), None)


def _id(row: Row) -> str | None:
    key = row.get("_id", row.get("id"))
    return str(key) if isinstance(key, str | int) and not isinstance(key, bool) and str(key) else None

"""Reading the articles of a knowledge base from files: JSONL, JSON, plain text, Markdown.

Published files of HotpotQA and SQuAD give their paragraphs, a BEIR folder its documents. If a file has
a wrong line, nothing is imported, and the error lists every wrong line or item, up to a limit.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from app.core.errors import FieldError, InvalidInput
from app.domain.passages import Article, Section
from app.services.imports.files import File, Report, decode, json_content
from app.services.imports.published_formats import has_paragraphs, is_squad
from app.services.imports.rows import MAX_ID_CHARS, Row, Rows, file_rows, peek, unstorable
from app.services.knowledge.published import Paragraphs, without_queries

SUFFIXES = (".jsonl", ".ndjson", ".json", ".md", ".markdown", ".txt")
_MAX_CHARS = 5_000_000  # of an article
_HINT = (
    'Each article needs a "text", or "sections" with "heading" and "text"; '
    '"title", "section" and "id" are optional.'
)
# A fenced block of code, in which nothing is a heading, or a heading.
_MARKDOWN_HEADING = re.compile(
    r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1|\Z)|^(#{1,6})[ \t]+(\S[^\n]*)", re.MULTILINE | re.DOTALL
)


def parse_articles(files: Sequence[File]) -> list[Article]:
    """Return the articles of all files, in the order of the files.

    Raises:
        InvalidInput: listing each wrong line or item; if a format is unknown, or there are no articles.
    """
    files = without_queries(files)
    paragraphs = Paragraphs()
    articles: list[Article] = []
    places: dict[str, str] = {}
    for file in files:
        report = Report("item" if _suffix(file) == ".json" else "line")
        prefix = f"{_stem(file.name)}/" if len(files) > 1 else ""
        for line, article in _articles(file, prefix, paragraphs, report):
            place = f"{report.place(line)} of {file.name}"
            first = places.get(article.key)
            if first is not None:
                report.add(line, f"the id {article.key!r} is already used by {first}")
                continue
            places[article.key] = place
            articles.append(article)
        report.raise_if_any(file.name, _HINT)
    if not articles:
        names = ", ".join(file.name for file in files) or "The upload"
        raise InvalidInput(
            f"{names} has no articles.", hint=_HINT, errors=[FieldError("files", "no articles")]
        )
    return articles


def _articles(
    file: File, prefix: str, paragraphs: Paragraphs, report: Report
) -> Iterator[tuple[int, Article]]:
    """Yield each article with its line or item number; report the rows that are none."""
    suffix = _suffix(file)
    if suffix not in SUFFIXES:
        raise InvalidInput(
            f"Cannot tell the format of {file.name!r}.",
            hint=f"Name it {', '.join(SUFFIXES)}.",
            errors=[FieldError("files", f"{file.name}: unknown ending")],
        )
    for place, (line, row) in enumerate(_rows(file, suffix, paragraphs, report)):
        key = row.get("id", row.get("_id"))
        article = _article({**row, "id": f"{prefix}{place}" if key is None else key})
        if isinstance(article, str):
            report.add(line, article)
        else:
            yield line, article


def _rows(file: File, suffix: str, paragraphs: Paragraphs, report: Report) -> Rows:
    if suffix == ".json":
        return _json_rows(file, paragraphs, report)
    if suffix in {".jsonl", ".ndjson"}:
        first, rows = peek(file_rows(file, report))
        is_hotpotqa = first is not None and has_paragraphs(first[1])
        return paragraphs.of_hotpotqa(rows, report) if is_hotpotqa else rows
    text, stem = decode(file.data[:], file.name), PurePosixPath(file.name).stem
    about = {"title": stem, "text": text} if suffix == ".txt" else _markdown(text, stem)
    return iter([(1, {"id": _stem(file.name), **about})])


def _json_rows(file: File, paragraphs: Paragraphs, report: Report) -> Rows:
    content = json_content(file, "files")
    if is_squad(content):
        return paragraphs.of_squad(content, report)
    rows = content.get("articles") if isinstance(content, dict) else content
    if not isinstance(rows, list):
        raise InvalidInput(
            f'{file.name} is not a list of articles, an object with a list "articles", '
            "or a file of HotpotQA or SQuAD.",
            hint=_HINT,
            errors=[FieldError("files", "no list of articles")],
        )
    numbered = enumerate(rows, start=1)
    if rows and has_paragraphs(rows[0]):
        return paragraphs.of_hotpotqa(numbered, report)
    return ((number, row if isinstance(row, dict) else {}) for number, row in numbered)


def _markdown(text: str, name: str) -> Row:
    """Return title and sections of a Markdown text; its first heading of level 1 is the title."""
    title, sections, heading, start = name, [], "", 0
    titled = False
    for match in _MARKDOWN_HEADING.finditer(text):
        if match[1]:
            continue
        sections.append({"heading": heading, "text": text[start : match.start()]})
        heading, start = _without_closing_marks(match[3]), match.end()
        if match[2] == "#" and not titled:
            title, heading, titled = heading, "", True
    sections.append({"heading": heading, "text": text[start:]})
    return {"title": title, "sections": [part for part in sections if str(part["text"]).strip()]}


def _without_closing_marks(heading: str) -> str:
    """Return a heading without the number signs that may close it."""
    bare = heading.rstrip().rstrip("#")
    return bare.rstrip() if bare.endswith((" ", "\t")) else heading.rstrip()


def _article(row: Row) -> Article | str:
    """Return the article in a row, or a message that says what is wrong with it."""
    key, title = row["id"], row.get("title") or ""
    if isinstance(key, bool) or not isinstance(key, str | int) or not 0 < len(str(key)) <= MAX_ID_CHARS:
        return f"id must be a text or a number of at most {MAX_ID_CHARS} characters"
    if not isinstance(title, str) or len(title) > MAX_ID_CHARS:
        return f"title must be a text of at most {MAX_ID_CHARS} characters"
    sections = _sections(row)
    if isinstance(sections, str):
        return sections
    labels = [str(key), title, *(part for section in sections for part in (section.heading, section.text))]
    if problem := unstorable(labels, {}):
        return problem
    return Article(str(key), title.strip(), sections)


def _sections(row: Row) -> tuple[Section, ...] | str:
    given = row.get("sections")
    if given is None:
        given = [{"heading": row.get("section") or "", "text": row.get("text")}]
    if not isinstance(given, list) or not all(isinstance(part, dict) for part in given):
        return "sections must be a list of objects with heading and text"
    found = []
    for part in given:
        heading, text = part.get("heading") or "", part.get("text")
        if not isinstance(heading, str) or not isinstance(text, str):
            return "text is missing" if text is None else "heading and text must be texts"
        if text.strip():
            found.append(Section(heading.strip(), text.strip()))
    if not found:
        return "text is missing or empty"
    if sum(len(section.text) for section in found) > _MAX_CHARS:
        return f"text is longer than {_MAX_CHARS:,} characters"
    return tuple(found)


def _suffix(file: File) -> str:
    return PurePosixPath(file.name).suffix.lower()


def _stem(name: str) -> str:
    return name.removesuffix(PurePosixPath(name).suffix)


def load_builtin(path: Path) -> tuple[dict[str, str], list[Article]]:
    """Return name, description, licence and source of a shipped knowledge base, and its articles.

    Raises:
        InvalidInput: naming the file and what is wrong with it.
    """
    try:
        data = path.read_bytes()
        raw = json.loads(data)
        about = {name: str(raw[name]) for name in ("name", "description", "licence", "source")}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InvalidInput(f"The knowledge base {path} cannot be read: {error!r}.") from error
    return about, parse_articles([File(path.name, data)])

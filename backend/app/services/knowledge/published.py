"""Reading the paragraphs of HotpotQA and SQuAD out of the files in which their authors publish them.

They are the gold passages of these datasets: an article's id or title is what the dataset made of
the same file names in ``supporting``.
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from app.domain.json import JsonObject
from app.services.imports.files import File, Report
from app.services.imports.published_formats import (
    CORPUS,
    QUERIES,
    find_file,
    hotpotqa_paragraphs,
    squad_paragraphs,
)

Rows = Iterator[tuple[int, JsonObject]]


class Paragraphs:
    """Makes rows of articles of paragraphs, each text of a title only once, over all files of an upload."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}

    def of_hotpotqa(self, rows: Iterator[tuple[int, Any]], report: Report) -> Rows:
        """Yield the paragraphs of all contexts.

        The id is the title; the second text of a title has ``title#2``, and so on.
        """
        for place, row in rows:
            found = hotpotqa_paragraphs(row) if isinstance(row, dict) else "is no object"
            if isinstance(found, str):
                report.add(place, found)
                continue
            for title, text in found:
                texts = self._texts.setdefault(title, [])
                if text not in texts:
                    texts.append(text)
                    key = title if len(texts) == 1 else f"{title}#{len(texts)}"
                    yield place, {"id": key, "title": title, "text": text}

    def of_squad(self, content: JsonObject, report: Report) -> Rows:
        """Yield the paragraphs of all articles; in titles, the underscores stand for spaces."""
        for place, (key, title, paragraph) in enumerate(squad_paragraphs(content, report), start=1):
            text = paragraph["context"].strip()
            texts = self._texts.setdefault(key, [])
            if text not in texts:
                texts.append(text)
                yield place, {"id": key, "title": title.replace("_", " "), "text": text}


def without_queries(files: Sequence[File]) -> Sequence[File]:
    """Return the files without those of a BEIR folder that hold no articles."""
    if find_file(files, CORPUS) is None or find_file(files, QUERIES) is None:
        return files
    return [file for file in files if PurePosixPath(file.name).name != QUERIES]

"""Reading the paragraphs of HotpotQA and SQuAD from the files in which they are published.

Each paragraph becomes an article. Its id or title is the one by which the dataset that is imported from
the same file names it in ``supporting``, so that gold passages are found.
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from app.services.imports.files import File, Report
from app.services.imports.published_formats import (
    CORPUS,
    QUERIES,
    Squad,
    find_file,
    hotpotqa_paragraphs,
    squad_paragraphs,
)
from app.services.imports.rows import Rows


class Paragraphs:
    """Turns paragraphs into rows of articles; a text that occurs again under its title is left out.

    One object for all files of an upload.
    """

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}

    def of_hotpotqa(self, rows: Iterator[tuple[int, object]], report: Report) -> Rows:
        """Yield the paragraphs of all contexts.

        The id is the title; a second text with that title gets ``title#2``, and so on.
        """
        for place, row in rows:
            found = hotpotqa_paragraphs(row) if isinstance(row, dict) else "is not an object"
            if isinstance(found, str):
                report.add(place, found)
                continue
            for title, text in found:
                texts = self._texts.setdefault(title, [])
                if text not in texts:
                    texts.append(text)
                    key = title if len(texts) == 1 else f"{title}#{len(texts)}"
                    yield place, {"id": key, "title": title, "text": text}

    def of_squad(self, content: Squad, report: Report) -> Rows:
        """Yield the paragraphs of all articles; SQuAD writes the spaces of titles as underscores."""
        for place, paragraph in enumerate(squad_paragraphs(content, report), start=1):
            text = paragraph.context.strip()
            texts = self._texts.setdefault(paragraph.id, [])
            if text not in texts:
                texts.append(text)
                yield place, {"id": paragraph.id, "title": paragraph.title.replace("_", " "), "text": text}


def without_queries(files: Sequence[File]) -> Sequence[File]:
    """Return ``files`` without the queries of a BEIR folder, which are not articles."""
    if find_file(files, CORPUS) is None or find_file(files, QUERIES) is None:
        return files
    return [file for file in files if PurePosixPath(file.name).name != QUERIES]

"""The file formats in which HotpotQA, SQuAD and the datasets of BEIR are published.

Datasets and knowledge bases are imported from the same files: the questions from one part, the
paragraphs from another. This module holds what both must agree on, above all the ids of paragraphs,
by which a dataset's ``supporting`` names its gold articles.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypedDict, TypeGuard

from app.services.imports.files import File, Report
from app.services.imports.rows import Row

CORPUS, QUERIES = "corpus.jsonl", "queries.jsonl"
QRELS = ("qrels.tsv", "qrels/test.tsv")
"""Files of a BEIR folder; of the two files of relevance judgements the first that exists is used."""


def is_hotpotqa(row: object) -> bool:
    """Return whether ``row`` is a question of HotpotQA that names its gold paragraphs."""
    if not isinstance(row, dict) or "question" not in row:
        return False
    return "supporting_facts" in row or ("gold_titles" in row and "context" in row)


def has_paragraphs(row: object) -> bool:
    """Return whether ``row`` is a question of HotpotQA with its context, and not itself an article."""
    if not isinstance(row, dict) or "question" not in row or {"text", "sections"} & row.keys():
        return False
    return isinstance(row.get("context"), list | dict)


def gold_titles(row: Row) -> list[str] | str:
    """Return the titles of a question's gold paragraphs, or a message that says what is wrong.

    The authors' files hold pairs of title and sentence number; the Hugging Face hub has them as two
    lists. A list ``gold_titles`` is accepted, too.
    """
    given = row.get("supporting_facts", row.get("gold_titles"))
    if isinstance(given, dict):
        given = given.get("title")
    if not isinstance(given, list):
        return "supporting_facts are missing: pairs of title and sentence"
    titles = [one[0] if isinstance(one, list) and one else one for one in given]
    if not all(isinstance(title, str) and title.strip() for title in titles):
        return "supporting_facts must be pairs of title and sentence"
    return list(dict.fromkeys(title.strip() for title in titles))


def hotpotqa_paragraphs(row: Row) -> list[tuple[str, str]] | str:
    """Return title and text of each paragraph of a question's context, or a message about what is wrong.

    Empty paragraphs, of which the authors' files have some, are left out.
    """
    context = row.get("context")
    if isinstance(context, dict):
        titles, texts = context.get("title"), context.get("sentences")
        if not isinstance(titles, list) or not isinstance(texts, list) or len(titles) != len(texts):
            return "context must have as many titles as lists of sentences"
        context = [list(pair) for pair in zip(titles, texts, strict=True)]
    if not isinstance(context, list):
        return "context is missing: pairs of title and sentences"
    found = []
    for one in context:
        pair = [one.get("title"), one.get("sentences", one.get("text"))] if isinstance(one, dict) else one
        text = _joined(pair[1]) if isinstance(pair, list) and len(pair) == 2 else None
        if text is None or not isinstance(pair[0], str) or not pair[0].strip():
            return "context must be pairs of title and sentences"
        if text:
            found.append((pair[0].strip(), text))
    return found


def _joined(sentences: object) -> str | None:
    parts = [sentences] if isinstance(sentences, str) else sentences
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        return None
    return " ".join(stripped for part in parts if (stripped := part.strip()))


class Squad(TypedDict):
    """The content of a file of SQuAD, whose articles are not checked yet."""

    data: list[object]


@dataclass(frozen=True, slots=True)
class SquadParagraph:
    """A paragraph of SQuAD.

    Attributes:
        id: ``title#number``; paragraphs of one title are numbered from 1.
        title: of its article.
        context: its text.
        qas: its questions, not checked yet.
    """

    id: str
    title: str
    context: str
    qas: object


def is_squad(content: object) -> TypeGuard[Squad]:
    """Return whether the content of a JSON file has the structure of SQuAD."""
    articles = content.get("data") if isinstance(content, dict) else None
    if not isinstance(articles, list):
        return False
    return not articles or (isinstance(articles[0], dict) and "paragraphs" in articles[0])


def squad_paragraphs(content: Squad, report: Report) -> Iterator[SquadParagraph]:
    """Yield each paragraph of SQuAD's articles; report articles and paragraphs of another structure."""
    numbers: Counter[str] = Counter()
    for place, article in enumerate(content["data"], start=1):
        given = article if isinstance(article, dict) else {}
        title, paragraphs = given.get("title", ""), given.get("paragraphs")
        if not isinstance(title, str) or not isinstance(paragraphs, list):
            report.add(f"article {place}", "needs a title and a list of paragraphs")
            continue
        title = title.strip()
        for number, paragraph in enumerate(paragraphs, start=1):
            numbers[title] += 1
            if not isinstance(paragraph, dict) or not isinstance(paragraph.get("context"), str):
                report.add(f"article {place}, paragraph {number}", "needs a context and a list of qas")
                continue
            key = f"{title}#{numbers[title]}"
            yield SquadParagraph(key, title, paragraph["context"], paragraph.get("qas"))


def find_file(files: Sequence[File], *names: str) -> File | None:
    """Return the first file whose path ends with one of ``names``, in the order of ``names``."""
    for name in names:
        wanted = PurePosixPath(name).parts
        for file in files:
            if PurePosixPath(file.name).parts[-len(wanted) :] == wanted:
                return file
    return None

"""The shapes in which authors publish HotpotQA, SQuAD, and the datasets of BEIR.

Datasets and knowledge bases are read from the same files: the questions from one part of them, the
paragraphs from another. What both must agree on is here, above all the names of paragraphs: a
dataset's ``supporting`` finds its articles by them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from app.services.imports.files import File, Report

CORPUS, QUERIES = "corpus.jsonl", "queries.jsonl"
QRELS = ("qrels.tsv", "qrels/test.tsv")
"""Files of a BEIR folder; of the judgements, the first that is there."""


def is_hotpotqa(row: Any) -> bool:
    """Return whether an object is a question of HotpotQA with its gold paragraphs."""
    if not isinstance(row, dict) or "question" not in row:
        return False
    return "supporting_facts" in row or ("gold_titles" in row and "context" in row)


def has_paragraphs(row: Any) -> bool:
    """Return whether an object is a question of HotpotQA with its context, and no article itself."""
    if not isinstance(row, dict) or "question" not in row or {"text", "sections"} & row.keys():
        return False
    return isinstance(row.get("context"), list | dict)


def gold_titles(row: dict[str, Any]) -> list[str] | str:
    """Return the titles that a question of HotpotQA needs, or a sentence about what is wrong.

    They are pairs of title and sentence in the authors' files, and two lists on the hub of Hugging
    Face; a list ``gold_titles`` is taken, too.
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


def hotpotqa_paragraphs(row: dict[str, Any]) -> list[tuple[str, str]] | str:
    """Return title and text of the paragraphs of a question's context, or what is wrong with it.

    Some are empty in the authors' files, and left out.
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


def _joined(sentences: Any) -> str | None:
    parts = [sentences] if isinstance(sentences, str) else sentences
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        return None
    return " ".join(stripped for part in parts if (stripped := part.strip()))


def is_squad(content: Any) -> bool:
    """Return whether the content of a JSON file is SQuAD's."""
    articles = content.get("data") if isinstance(content, dict) else None
    if not isinstance(articles, list):
        return False
    return not articles or (isinstance(articles[0], dict) and "paragraphs" in articles[0])


def squad_paragraphs(content: dict[str, Any], report: Report) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield id, title and content of each paragraph of SQuAD's articles; report what is none.

    The id is ``title#number``, the number being the paragraph's among those of its title, from 1.
    """
    numbers: Counter[str] = Counter()
    for place, article in enumerate(content["data"], start=1):
        title = article.get("title", "") if isinstance(article, dict) else None
        if not isinstance(title, str) or not isinstance(article.get("paragraphs"), list):
            report.add(f"article {place}", "needs a title and a list of paragraphs")
            continue
        title = title.strip()
        for number, paragraph in enumerate(article["paragraphs"], start=1):
            numbers[title] += 1
            if not isinstance(paragraph, dict) or not isinstance(paragraph.get("context"), str):
                report.add(f"article {place}, paragraph {number}", "needs a context and a list of qas")
                continue
            yield f"{title}#{numbers[title]}", title, paragraph


def find_file(files: Sequence[File], *names: str) -> File | None:
    """Return the file of a BEIR folder that has one of ``names``, whatever folders are before it."""
    for name in names:
        wanted = PurePosixPath(name).parts
        for file in files:
            if PurePosixPath(file.name).parts[-len(wanted) :] == wanted:
                return file
    return None

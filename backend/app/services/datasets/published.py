"""Reading the files of TriviaQA, HotpotQA and SQuAD as their authors publish them.

Their items become rows as those of our own files, which the importers check. The format is told by
the content; how answers are scored follows from it. Contexts are left to knowledge bases.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import FieldError, InvalidInput
from app.domain.json import JsonObject
from app.domain.scoring import ScoringRule
from app.services.evaluation.normalise import gsm8k_strict, normalise_triviaqa
from app.services.imports.files import Report
from app.services.imports.published_formats import gold_titles, is_hotpotqa, is_squad, squad_paragraphs

Rows = Iterator[tuple[int, JsonObject]]
UNDERSTOOD = (
    'TriviaQA (an object with a list "Data"), HotpotQA (a list of questions with "supporting_facts"), '
    'SQuAD (an object with a list "data" of articles with "paragraphs"), '
    'and our own form (an object with a list "examples")'
)


@dataclass(slots=True)
class Published:
    """A dataset that is being read: its rows, what is wrong so far, and what it says of itself.

    ``notes`` are sentences for the description, complete when all rows are read; ``file`` is the one
    that holds the rows, where several were given.
    """

    rows: Rows
    report: Report
    scoring: ScoringRule = "squad"
    notes: list[str] = field(default_factory=list)
    file: str = ""


def of_json(content: Any, name: str) -> Published:
    """Return the dataset that the content of a JSON file is.

    Raises:
        InvalidInput: listing the formats that are understood, if it is none of them.
    """
    report = Report("item")
    if isinstance(content, dict) and isinstance(content.get("Data"), list):
        rows = _converted(enumerate(content["Data"], start=1), report, _triviaqa)
        return Published(rows, report, "triviaqa", ["TriviaQA."])
    if isinstance(content, list) and content and is_hotpotqa(content[0]):
        return of_hotpotqa(enumerate(content, start=1), report)
    if is_squad(content):
        found = Published(iter(()), report, "squad", [_squad_name(content)])
        found.rows = _squad(content, found)
        return found
    raise InvalidInput(
        f"{name} is JSON in none of the forms that are understood: {UNDERSTOOD}.",
        hint='Your own questions are best written as JSONL: one {"question": …, "answer": …} a line.',
        errors=[FieldError("file", "unknown form of JSON")],
    )


def of_hotpotqa(rows: Iterator[tuple[int, Any]], report: Report) -> Published:
    """Return the dataset of HotpotQA's questions, which come as JSON or as JSONL."""
    return Published(_converted(rows, report, _hotpotqa), report, "hotpotqa", ["HotpotQA."])


def is_gsm8k(row: JsonObject) -> bool:
    """Return whether a row has the solution and the number of one of GSM8K."""
    answer = row.get("answer")
    if not isinstance(answer, str) or "answers" in row:
        return False
    return answer.rpartition("\n")[2].startswith("#### ") and gsm8k_strict(answer) is not None


def _converted(rows: Iterator[tuple[int, Any]], report: Report, convert: Any) -> Rows:
    for place, item in rows:
        row = convert(item) if isinstance(item, dict) else "is no object"
        if isinstance(row, str):
            report.add(place, row)
        else:
            yield place, row


def _triviaqa(item: JsonObject) -> JsonObject | str:
    """Return the row of a question; of the normalised aliases, those that the others do not cover."""
    answer = item.get("Answer")
    if not isinstance(answer, dict):
        return "Answer is missing; without answers, as in test files, nothing can be scored"
    aliases, normalised, human = (
        answer.get(name) or [] for name in ("Aliases", "NormalizedAliases", "HumanAnswers")
    )
    if not all(isinstance(part, list) for part in (aliases, normalised, human)):
        return "Aliases must be a list of texts"
    answers = [answer.get("Value"), *aliases, *human]
    if not all(isinstance(text, str) for text in (*answers, *normalised)):
        return "Value and Aliases must be texts"
    covered = {normalise_triviaqa(text) for text in answers}
    answers += [text for text in normalised if normalise_triviaqa(text) not in covered]
    return {"id": item.get("QuestionId"), "question": item.get("Question"), "answers": answers}


def _hotpotqa(item: JsonObject) -> JsonObject | str:
    titles = gold_titles(item)
    if isinstance(titles, str):
        return titles
    kind = {"kind": item.get("type"), "difficulty": item.get("level")}
    return {
        "id": item.get("_id", item.get("id")),
        "question": item.get("question"),
        "answer": item.get("answer"),
        **{name: value for name, value in kind.items() if value is not None},
        "supporting": titles,
    }


def _squad_name(content: JsonObject) -> str:
    version = content.get("version")
    known = isinstance(version, str) and 0 < len(version) <= 10 and version.isprintable()
    return f"SQuAD {str(version).removeprefix('v')}." if known else "SQuAD."


def _squad(content: JsonObject, found: Published) -> Rows:
    """Yield the questions that have an answer, each in the cluster of its paragraph."""
    number = unanswerable = 0
    for key, _, paragraph in squad_paragraphs(content, found.report):
        questions = paragraph.get("qas")
        if not isinstance(questions, list):
            found.report.add(f"paragraph {key!r}", "needs a list of qas")
            continue
        for item in questions:
            number += 1
            row = _squad_row(item, key) if isinstance(item, dict) else "is no object"
            if row is None:
                unanswerable += 1
            elif isinstance(row, str):
                found.report.add(number, row)
            else:
                yield number, row
    if unanswerable:
        found.notes.append(f"Unanswerable questions are left out: {unanswerable:,} of {number:,}.")


def _squad_row(item: JsonObject, paragraph: str) -> JsonObject | str | None:
    """Return the row of a question, what is wrong with it, or ``None`` if it has no answer on purpose."""
    if item.get("is_impossible") is True:
        return None
    answers = item.get("answers")
    if not isinstance(answers, list) or not all(isinstance(one, dict) for one in answers):
        return "answers must be a list of objects with a text"
    texts = [one.get("text") for one in answers]
    if not all(isinstance(text, str) for text in texts):
        return "answers must be a list of objects with a text"
    return {
        "id": item.get("id"),
        "question": item.get("question"),
        "answers": texts,
        "cluster": paragraph,
        "supporting": [paragraph],
    }

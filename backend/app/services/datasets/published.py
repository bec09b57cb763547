"""Reading TriviaQA, HotpotQA and SQuAD from the files in which they are published.

The format is recognised by the content, and decides the scoring rule. Items are turned into rows like
those of our own format, which the importers check. Contexts are imported by knowledge bases only.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.core.errors import FieldError, InvalidInput
from app.domain.scoring import ScoringRule
from app.services.evaluation.normalise import gsm8k_strict, normalise_triviaqa
from app.services.imports.files import Report
from app.services.imports.published_formats import Squad, gold_titles, is_hotpotqa, is_squad, squad_paragraphs
from app.services.imports.rows import Row, Rows

UNDERSTOOD = (
    'TriviaQA (an object with a list "Data"), HotpotQA (a list of questions with "supporting_facts"), '
    'SQuAD (an object with a list "data" of articles with "paragraphs"), '
    'and our own format (an object with a list "examples")'
)


@dataclass(slots=True)
class Published:
    """A dataset that is being read.

    Attributes:
        rows: read as they are iterated over.
        report: errors so far.
        scoring: the rule that the format implies.
        notes: sentences for the description, complete when all rows have been read.
        file: name of the file with the rows, if there are several files.
    """

    rows: Rows
    report: Report
    scoring: ScoringRule = "squad"
    notes: list[str] = field(default_factory=list)
    file: str = ""


def of_json(content: object, name: str) -> Published:
    """Return the dataset in the content of a JSON file.

    Raises:
        InvalidInput: if the format is not recognised; lists those that are.
    """
    report = Report("item")
    if isinstance(content, dict) and isinstance(content.get("Data"), list):
        rows = _converted(enumerate(content["Data"], start=1), report, _triviaqa)
        return Published(rows, report, "triviaqa", ["TriviaQA."])
    if isinstance(content, list) and content and is_hotpotqa(content[0]):
        return of_hotpotqa(enumerate(content, start=1), report)
    if is_squad(content):
        found = Published(iter(()), report, "squad", [_squad_name(content.get("version"))])
        found.rows = _squad(content, found)
        return found
    raise InvalidInput(
        f"{name} is JSON in none of the known formats: {UNDERSTOOD}.",
        hint='For questions of your own, use JSONL: one {"question": …, "answer": …} a line.',
        errors=[FieldError("file", "unknown format")],
    )


def of_hotpotqa(rows: Iterator[tuple[int, object]], report: Report) -> Published:
    """Return the dataset of HotpotQA's questions, read from JSON or JSONL."""
    return Published(_converted(rows, report, _hotpotqa), report, "hotpotqa", ["HotpotQA."])


def is_gsm8k(row: Row) -> bool:
    """Return whether the answer of a row is written as in GSM8K: the solution, then ``####`` and a number."""
    answer = row.get("answer")
    if not isinstance(answer, str) or "answers" in row:
        return False
    return answer.rpartition("\n")[2].startswith("#### ") and gsm8k_strict(answer) is not None


def _converted(
    rows: Iterator[tuple[int, object]], report: Report, convert: Callable[[Row], Row | str]
) -> Rows:
    for place, item in rows:
        row = convert(item) if isinstance(item, dict) else "is not an object"
        if isinstance(row, str):
            report.add(place, row)
        else:
            yield place, row


def _triviaqa(item: Row) -> Row | str:
    """Return the row of a question; normalised aliases are added only where no other alias equals them."""
    answer = item.get("Answer")
    if not isinstance(answer, dict):
        return "Answer is missing; without answers (test files have none) nothing can be scored"
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


def _hotpotqa(item: Row) -> Row | str:
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


def _squad_name(version: object) -> str:
    known = isinstance(version, str) and 0 < len(version) <= 10 and version.isprintable()
    return f"SQuAD {str(version).removeprefix('v')}." if known else "SQuAD."


def _squad(content: Squad, found: Published) -> Rows:
    """Yield the questions that have an answer, each in the cluster of its paragraph."""
    number = unanswerable = 0
    for paragraph in squad_paragraphs(content, found.report):
        if not isinstance(paragraph.qas, list):
            found.report.add(f"paragraph {paragraph.id!r}", "needs a list of qas")
            continue
        for item in paragraph.qas:
            number += 1
            row = _squad_row(item, paragraph.id) if isinstance(item, dict) else "is not an object"
            if row is None:
                unanswerable += 1
            elif isinstance(row, str):
                found.report.add(number, row)
            else:
                yield number, row
    if unanswerable:
        found.notes.append(f"Unanswerable questions are left out: {unanswerable:,} of {number:,}.")


def _squad_row(item: Row, paragraph: str) -> Row | str | None:
    """Return the row of a question; a message if it is wrong; ``None`` if it is marked as unanswerable."""
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

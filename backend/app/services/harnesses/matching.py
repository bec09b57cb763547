"""Which question of a dataset each item of a log answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.domain.examples import Example
from app.services.harnesses.logs import Log, LoggedAnswer
from app.services.imports.files import Report
from app.services.imports.rows import MAX_ID_CHARS, unstorable

PairedBy = Literal["content", "id"]
"""By what items were found in a dataset: the text of the question, or its id, where a prompt was changed."""


@dataclass(slots=True)
class Questions:
    """The questions of a log, in the order in which they first appear.

    Attributes:
        examples: by key.
        repeats: answers to a question, at most.
        items: answers in all.
        failed: those of them that the log does not have.
        scores: names of the scores that the harness gave.
    """

    examples: dict[str, Example] = field(default_factory=dict)
    repeats: int = 1
    items: int = 0
    failed: int = 0
    scores: dict[str, None] = field(default_factory=dict)


def questions_of(log: Log, report: Report) -> Questions:
    """Read all items of a log once, and return its questions; what is wrong is reported.

    Args:
        log: to read.
        report: gets a message for each entry that contradicts another, or cannot be stored.

    Raises:
        BrokenEntry: if an entry cannot be read at all.
    """
    found = Questions()
    seen: set[tuple[str, int]] = set()
    for item in log.answers():
        problem = _problem(item, found.examples.get(item.key), seen)
        if problem is not None:
            report.add(item.place, problem)
            continue
        seen.add((item.key, item.repeat))
        found.items += 1
        found.failed += item.output is None
        found.scores.update(dict.fromkeys(item.scores))
        found.repeats = max(found.repeats, item.repeat + 1)
        if item.key not in found.examples:
            found.examples[item.key] = Example(item.key, item.question, item.answers, None, item.metadata)
    return found


def _problem(item: LoggedAnswer, known: Example | None, seen: set[tuple[str, int]]) -> str | None:
    if len(item.key) > MAX_ID_CHARS:
        return f"the id has more than {MAX_ID_CHARS} characters"
    if (item.key, item.repeat) in seen:
        return f"the question {item.key!r} is answered twice"
    if known is not None and (known.question, known.answers) != (item.question, item.answers):
        return f"the id {item.key!r} stands for another question above"
    texts = (item.key, item.question, *item.answers, item.output or "", item.error or "")
    return unstorable(texts, {**item.metadata, "messages": list(item.messages)})


class Matching:
    """Finds the example of a dataset that an item answers.

    Args:
        rows: key, question and row id of each example of the dataset.
    """

    def __init__(self, rows: Iterable[tuple[str, str, int]]) -> None:
        self._by_key: dict[str, int] = {}
        self._by_question: dict[str, int | None] = {}
        for key, question, row_id in rows:
            self._by_key[key] = row_id
            text = _plain(question)
            # A question that stands there twice is told by its id alone.
            self._by_question[text] = None if text in self._by_question else row_id

    def by(self, examples: Mapping[str, Example]) -> PairedBy:
        """Return by what all these questions can be found: by content where that finds at least as many."""
        content = sum(1 for one in examples.values() if self._content(one) is not None)
        ids = sum(1 for key in examples if key in self._by_key)
        return "content" if content >= ids else "id"

    def find(self, example: Example, by: PairedBy) -> int | None:
        """Return the row id of the example that a question of a log is; ``None`` if the dataset lacks it."""
        return self._content(example) if by == "content" else self._by_key.get(example.key)

    def _content(self, example: Example) -> int | None:
        text = _plain(example.question)
        if text not in self._by_question:
            return None
        found = self._by_question[text]
        return self._by_key.get(example.key) if found is None else found


def _plain(text: str) -> str:
    """Return a text with single blanks: files of harnesses differ in them."""
    return " ".join(text.split())

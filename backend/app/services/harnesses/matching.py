"""Which question of a dataset each item of a log answers."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Self

from app.domain.examples import Example
from app.services.harnesses.logs import Log, LoggedAnswer
from app.services.harnesses.spool import AnswerSpool, ExampleSpool
from app.services.imports.files import Report
from app.services.imports.rows import MAX_ID_CHARS, unstorable

PairedBy = Literal["content", "id"]
"""By what items were found in a dataset: the text of the question, or its id, where a prompt was changed."""
_TEXT_HASH_BYTES = 16  # enough for no two texts to share a hash, even if somebody looks for some


class Question(NamedTuple):
    """What is held in memory of a question: hashes, whose size does not depend on its text.

    Attributes:
        content: hash of its text and its accepted answers, as of an example.
        text: hash of its text alone, with single blanks.
    """

    content: bytes
    text: bytes


@dataclass(slots=True)
class Questions:
    """The questions of a log, in the order in which they first appear, and the answers to them.

    Texts are on disk until it is left as a context.

    Attributes:
        by_key: what is known of each question, by its key.
        repeats: answers to a question, at most.
        items: answers in all.
        failed: those of them that the log does not have.
        scores: names of the scores that the harness gave.
        examples: the questions as a dataset holds them.
        answers: all of them.
    """

    by_key: dict[str, Question] = field(default_factory=dict)
    repeats: int = 1
    items: int = 0
    failed: int = 0
    scores: dict[str, None] = field(default_factory=dict)
    examples: ExampleSpool = field(default_factory=ExampleSpool)
    answers: AnswerSpool = field(default_factory=AnswerSpool)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.examples.close()
        self.answers.close()

    def read(self, log: Log, report: Report) -> None:
        """Read all items of a log, once; what is wrong is reported.

        Args:
            log: to read.
            report: gets a message for each entry that contradicts another, or cannot be stored.

        Raises:
            BrokenEntry: if an entry cannot be read at all.
            Unavailable: if there is no room for a temporary file.
        """
        seen: set[tuple[str, int]] = set()
        for item in log.answers():
            known = self.by_key.get(item.key)
            content = bytes.fromhex(Example(item.key, item.question, item.answers).content_hash)
            problem = _problem(item, seen, differs=known is not None and known.content != content)
            if problem is not None:
                report.add(item.place, problem)
                continue
            seen.add((item.key, item.repeat))
            self.items += 1
            self.failed += item.output is None
            self.scores.update(dict.fromkeys(item.scores))
            self.repeats = max(self.repeats, item.repeat + 1)
            self.answers.add(item)
            if known is None:
                self.by_key[item.key] = Question(content, _text_hash(item.question))
                self.examples.add(item)


def _problem(item: LoggedAnswer, seen: set[tuple[str, int]], *, differs: bool) -> str | None:
    if len(item.key) > MAX_ID_CHARS:
        return f"the id has more than {MAX_ID_CHARS} characters"
    if (item.key, item.repeat) in seen:
        return f"the question {item.key!r} is answered twice"
    if differs:
        return f"the id {item.key!r} stands for another question above"
    texts = (item.key, item.question, *item.answers, item.output or "", item.error or "")
    reasons = (score.reason for score in item.scores.values())
    more = {**item.metadata, "messages": list(item.messages), "finish_reason": item.finish_reason}
    return unstorable((*texts, *item.scores, *reasons), more)


class Matching:
    """Finds the example of a dataset that a question of a log is."""

    def __init__(self) -> None:
        self._by_key: dict[str, int] = {}
        self._by_text: dict[bytes, int | None] = {}

    def add(self, key: str, question: str, row_id: int) -> None:
        """Add an example of the dataset."""
        self._by_key[key] = row_id
        text = _text_hash(question)
        # A question that stands there twice is told by its id alone.
        self._by_text[text] = None if text in self._by_text else row_id

    def by(self, questions: Mapping[str, Question]) -> PairedBy:
        """Return by what all these questions can be found: by content where that finds at least as many."""
        content = sum(1 for key, one in questions.items() if self._content(key, one) is not None)
        ids = sum(1 for key in questions if key in self._by_key)
        return "content" if content >= ids else "id"

    def find(self, key: str, question: Question, by: PairedBy) -> int | None:
        """Return the row id of the example that a question of a log is; ``None`` if the dataset lacks it."""
        return self._content(key, question) if by == "content" else self._by_key.get(key)

    def _content(self, key: str, question: Question) -> int | None:
        if question.text not in self._by_text:
            return None
        found = self._by_text[question.text]
        return self._by_key.get(key) if found is None else found


def _text_hash(text: str) -> bytes:
    """Return a hash of a text with single blanks: files of harnesses differ in them."""
    plain = " ".join(text.split())
    return hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=_TEXT_HASH_BYTES).digest()

"""What is kept of a log on disk, and how often a log is read."""

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Unavailable
from app.domain.examples import Example
from app.domain.generation import Usage
from app.domain.json import JsonObject
from app.domain.scoring import Score
from app.services.harnesses import spool
from app.services.harnesses.logs import Log, LoggedAnswer
from app.services.harnesses.matching import Questions
from app.services.harnesses.spool import AnswerSpool, ExampleSpool
from app.services.imports.files import Report

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
counts = st.none() | st.integers(0, 2**40)
numbers = st.none() | st.floats(0, allow_nan=False, allow_infinity=False)
json_objects: st.SearchStrategy[JsonObject] = st.dictionaries(
    texts, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts | st.lists(texts), max_size=3
)
answers = st.builds(
    LoggedAnswer,
    place=texts,
    key=texts,
    repeat=st.integers(0, 9),
    question=texts,
    answers=st.lists(texts, max_size=3).map(tuple),
    output=st.none() | texts,
    error=st.none() | texts,
    messages=st.lists(st.fixed_dictionaries({"role": texts, "content": texts}), max_size=2).map(tuple),
    scores=st.dictionaries(
        texts, st.builds(Score, texts, st.none() | st.floats(0, 1), texts), max_size=3
    ).map(lambda found: {name: replace(score, name=name) for name, score in found.items()}),
    usage=st.builds(Usage, counts, counts, counts, counts, counts),
    latency_ms=numbers,
    cost_usd=numbers,
    finish_reason=st.none() | texts,
    metadata=json_objects,
)


@given(st.lists(answers, max_size=4))
def test_what_was_written_is_read_as_often_as_needed(given: list[LoggedAnswer]) -> None:
    kept, examples = AnswerSpool(), ExampleSpool()
    for one in given:
        kept.add(one)
        examples.add(one)
    expected = [replace(one, place="", question="", answers=(), metadata={}) for one in given]
    assert [list(kept.answers()) for _ in range(2)] == [expected] * 2
    assert list(examples.examples()) == [
        Example(one.key, one.question, one.answers, None, one.metadata) for one in given
    ]
    kept.close()
    examples.close()


class FullDisk(io.BytesIO):
    """Has room for a few bytes, which may turn out to be too few when what was written is stored."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._check(len(data))
        return super().write(data)

    def seek(self, *_: int) -> int:
        self._check(self.tell())
        return super().seek(*_)

    def close(self) -> None:
        self._check(self.tell())

    def _check(self, size: int) -> None:
        if size > self._room:
            raise OSError(28, "No space left on device")


@pytest.mark.parametrize("room", [0, 300])
def test_a_full_disk_is_an_error_for_people(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr(spool, "SpooledTemporaryFile", lambda _: FullDisk(room))
    kept = AnswerSpool()

    def use() -> None:
        for _ in range(3):
            kept.add(LoggedAnswer("line 1", "k", 0, "q", ("a",), "a"))
        list(kept.answers())

    with pytest.raises(Unavailable, match="No space left on device"):
        use()
    kept.close()


def log_of(answers: Iterator[LoggedAnswer]) -> Log:
    """Return a log that can be read once."""
    return Log("file", None, "log", "task", "model", {}, lambda: answers)


def test_a_log_is_read_once_and_its_texts_are_not_held_in_memory() -> None:
    long = "x" * 1_000
    items = (
        LoggedAnswer(f"line {number}", f"k{number // 2}", number % 2, f"q{number // 2} {long}", (long,), long)
        for number in range(3_000)
    )
    with Questions() as questions:
        questions.read(log_of(items), Report())
        assert (len(questions.by_key), questions.items, questions.repeats) == (1_500, 3_000, 2)
        assert all(len(one.content) + len(one.text) < 100 for one in questions.by_key.values())
        assert {one.output for one in questions.answers.answers()} == {long}
        examples = list(questions.examples.examples())
        assert [one.key for one in examples] == list(questions.by_key)
        hashes = [known.content.hex() for known in questions.by_key.values()]
        assert [one.content_hash for one in examples] == hashes

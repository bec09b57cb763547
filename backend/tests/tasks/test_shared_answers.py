"""Answers in memory that a worker shares with the children that it forks."""

import os
import uuid
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from app.domain.generation import ToolCall
from app.services.inference.memory_cache import MemoryCache
from app.tasks.shared_answers import SharedAnswers
from tests.engines import answered

ANSWER = replace(
    answered("Paris 🎭"), tool_calls=(ToolCall("a", "calc", "{}"),), thinking="hm", left_out=("seed",)
)


def in_child(shared: SharedAnswers, work: Callable[[], None]) -> None:
    """Do ``work`` in a forked child, and wait for its end, whatever that is."""
    shared.before_fork()
    child = os.fork()
    if child == 0:
        try:
            shared.begin()
            work()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    shared.take_over()


@pytest.fixture
def shared() -> SharedAnswers:
    return SharedAnswers(MemoryCache(3, 1_000_000))


def texts(shared: SharedAnswers) -> dict[str, str]:
    return {key: orjson.loads(answer)["text"] for key, answer in shared.memory._answers.items()}


def test_a_child_s_answers_are_those_of_the_next_child(shared: SharedAnswers) -> None:
    def first() -> None:
        shared.memory.add("key", ANSWER)
        shared.hand_back()

    in_child(shared, first)
    found = shared.memory.get("key")
    assert found == replace(ANSWER, cached=True, attempts=0, queue_s=0.0, cache_tier="memory")

    def second() -> None:
        inherited = shared.memory.get("key")
        shared.memory.add("seen", answered(inherited.text if inherited else "nothing"))
        shared.hand_back()

    in_child(shared, second)
    assert texts(shared) == {"key": ANSWER.text, "seen": ANSWER.text}


def test_what_a_child_has_used_is_forgotten_later(shared: SharedAnswers) -> None:
    for key in "abc":
        shared.memory.add(key, answered(key))

    def use() -> None:
        shared.memory.get("a")
        shared.memory.add("d", answered("d"))
        shared.hand_back()

    in_child(shared, use)
    assert set(texts(shared)) == {"a", "c", "d"}


def test_a_child_that_was_killed_hands_nothing_back(shared: SharedAnswers) -> None:
    shared.memory.add("a", answered("a"))

    def killed() -> None:
        shared.memory.add("b", answered("b"))
        os.kill(os.getpid(), 9)

    in_child(shared, killed)
    assert set(texts(shared)) == {"a"}


def test_a_line_that_was_cut_off_is_not_read(shared: SharedAnswers) -> None:
    def half() -> None:
        shared.memory.add("a", answered("a"))
        shared.memory.add("b", answered("b"))
        whole = b"".join(shared._lines())
        os.write(shared._file.fileno(), whole[:-20])  # type: ignore[union-attr]

    in_child(shared, half)
    assert set(texts(shared)) == {"a"}


def test_what_is_no_answer_breaks_nothing(shared: SharedAnswers) -> None:
    def write() -> None:
        os.write(shared._file.fileno(), b"null\n[1, {}]\n")  # type: ignore[union-attr]

    in_child(shared, write)
    in_child(shared, lambda: None)
    assert texts(shared) == {}


def test_what_was_deleted_in_the_database_is_forgotten_by_the_worker_too(shared: SharedAnswers) -> None:
    shared.memory.add("old", answered())

    def forget() -> None:
        shared.memory.keep_in_step(uuid.uuid4())
        shared.memory.add("new", answered("new"))
        shared.hand_back()

    in_child(shared, forget)
    assert texts(shared) == {"new": "new"}
    assert shared.memory.agrees_with is not None


def test_without_memory_there_is_no_file() -> None:
    shared = SharedAnswers(MemoryCache(0, 0))
    shared.before_fork()
    assert shared._file is None
    shared.hand_back()
    shared.take_over()

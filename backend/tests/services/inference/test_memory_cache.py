"""Answers in memory: bounds, what is forgotten first, and what a round hands back."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.domain.generation import GenerationResult, ToolCall
from app.services.inference.memory_cache import _ENTRY_BYTES, MemoryCache
from tests.engines import answered

LARGE = 10_000_000


def filled(count: int, max_entries: int = 100, max_bytes: int = LARGE) -> MemoryCache:
    memory = MemoryCache(max_entries, max_bytes)
    for number in range(count):
        memory.add(str(number), answered(f"answer {number}"))
    return memory


def kept(memory: MemoryCache, count: int) -> list[int]:
    return [number for number in range(count) if str(number) in set(memory)]


class TestReplay:
    def test_is_marked_as_cached_and_otherwise_the_same(self) -> None:
        memory = MemoryCache(1, LARGE)
        result = replace(answered("yes"), attempts=3, queue_s=2.0, tool_calls=(ToolCall("a", "b", "{}"),))
        memory.add("key", result)
        found = memory.get("key")
        assert found == replace(result, cached=True, attempts=0, queue_s=0.0, cache_tier="memory")

    def test_the_first_answer_stays(self) -> None:
        memory = MemoryCache(2, LARGE)
        for text in ("first", "second"):
            memory.add("key", answered(text))
        found = memory.get("key")
        assert found is not None
        assert found.text == "first"

    def test_nothing_is_found_under_another_key(self) -> None:
        assert filled(3).get("3") is None


class TestBounds:
    def test_the_least_recently_used_is_forgotten_first(self) -> None:
        memory = filled(3, max_entries=3)
        memory.get("0")
        memory.add("3", answered())
        assert kept(memory, 4) == [0, 2, 3]

    def test_bytes_are_a_bound_too(self) -> None:
        memory = filled(100, max_bytes=20_000)
        assert 20 < len(memory) < 40
        assert memory.size <= 20_000
        assert kept(memory, 100) == list(range(100 - len(memory), 100))

    @pytest.mark.parametrize(
        "result",
        [
            GenerationResult("x" * 30_000),
            GenerationResult("", thinking="x" * 30_000),
            GenerationResult("", tool_calls=(ToolCall("a", "b", "x" * 30_000),)),
        ],
    )
    def test_what_is_larger_than_all_may_be_is_not_kept(self, result: GenerationResult) -> None:
        memory = filled(5, max_bytes=20_000)
        memory.add("large", result)
        assert memory.get("large") is None
        assert len(memory) == 5

    @pytest.mark.parametrize(("entries", "size"), [(0, LARGE), (10, 0)])
    def test_it_can_be_off(self, entries: int, size: int) -> None:
        memory = filled(3, entries, size)
        assert not memory.enabled
        assert len(memory) == 0

    def test_clearing_frees_the_bytes(self) -> None:
        memory = filled(3)
        memory.clear()
        assert (len(memory), memory.size) == (0, 0)

    def test_threads_do_not_disturb_each_other(self) -> None:
        memory = MemoryCache(50, LARGE)

        def use(start: int) -> None:
            for number in range(start, start + 500):
                memory.add(str(number), answered(str(number)))
                memory.get(str(number - 20))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(use, range(0, 4_000, 500)))
        assert len(memory) == 50
        assert memory.size == sum(_ENTRY_BYTES + len(answer) for answer in memory._answers.values())


class TestVersion:
    def test_answers_of_another_version_are_forgotten(self) -> None:
        memory, version = filled(3), uuid.uuid4()
        memory.keep_in_step(version)
        assert len(memory) == 0
        memory.add("a", answered())
        memory.keep_in_step(version)
        assert len(memory) == 1
        memory.keep_in_step(uuid.uuid4())
        assert len(memory) == 0


class TestRound:
    def test_what_was_used_is_known_in_its_order(self) -> None:
        memory = filled(4)
        memory.begin_round()
        memory.add("new", answered("new"))
        memory.get("1")
        used = list(memory.used())
        assert [key for key, _ in used] == ["new", "1"]
        assert used[0][1] is not None
        assert used[1][1] is None  # whoever began the round has it

"""Truncation of lines and texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.agent.truncation import TRUNCATION_MARK, truncate, truncate_lines
from tests.factories import properties

LINES = st.lists(st.lists(st.text("abcé", min_size=1, max_size=12), max_size=30).map(" ".join), max_size=12)


class TestLine:
    @pytest.mark.parametrize(
        ("line", "most", "left"),
        [
            ("one two", 7, "one two"),
            ("one two three", 11, "one two" + TRUNCATION_MARK),
            ("one two three", 10, "one" + TRUNCATION_MARK),
            ("unbroken-and-long", 10, "unbrok" + TRUNCATION_MARK),
            ("one two three", 0, TRUNCATION_MARK),
        ],
    )
    def test_is_cut_at_a_word(self, line: str, most: int, left: str) -> None:
        assert truncate(line, most) == left

    @properties
    @given(st.text("ab é", max_size=60).map(str.strip), st.integers(len(TRUNCATION_MARK), 70))
    def test_is_never_longer_than_it_may_be(self, line: str, most: int) -> None:
        left = truncate(line, most)
        assert len(left) <= most
        assert left == line or (
            left.endswith(TRUNCATION_MARK) and line.startswith(left.removesuffix(TRUNCATION_MARK))
        )


class TestLines:
    @properties
    @given(LINES, st.integers(0, 200))
    def test_text_that_fits_is_unchanged(self, lines: list[str], more: int) -> None:
        text = "\n".join(lines)
        assert truncate_lines(text, len(text) + more) == text

    @properties
    @given(LINES.filter(lambda lines: "".join(lines) != ""), st.integers(1, 2_000))
    def test_every_line_keeps_its_beginning_within_the_room(self, lines: list[str], room: int) -> None:
        text = "\n".join(lines)
        room = max(room, len(lines) * (len(TRUNCATION_MARK) + 1))  # less is too little to say anything in
        left = truncate_lines(text, room)
        assert len(left) <= room
        if len(text) <= room:
            assert left == text
            return
        for before, after in zip(text.splitlines(), left.split("\n"), strict=True):
            assert after == before or before.startswith(after.removesuffix(TRUNCATION_MARK))

    @properties
    @given(LINES, st.integers(0, 40))
    def test_room_for_next_to_nothing(self, lines: list[str], room: int) -> None:
        assert len(truncate_lines("\n".join(lines), room)) <= max(room, len(TRUNCATION_MARK))

    def test_what_short_lines_leave_over_goes_to_the_long(self) -> None:
        text = "\n".join(["short", "x" * 100, "y" * 100])
        assert [len(line) for line in truncate_lines(text, 107).splitlines()] == [5, 50, 50]
        assert truncate_lines(text, 205).startswith("short\nxxx")

    def test_the_longest_lose_first(self) -> None:
        text = "\n".join(["a" * 30, "b" * 200])
        first, second = truncate_lines(text, 100).split("\n")
        assert first == "a" * 30
        assert second == "b" * (69 - len(TRUNCATION_MARK)) + TRUNCATION_MARK

    def test_can_be_cut_again(self) -> None:
        once = truncate_lines("word " * 100, 100)
        assert truncate_lines(once, 100) == once

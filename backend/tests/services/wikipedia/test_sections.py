"""Articles cut at their headings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.passages import Section
from app.services.wikipedia.sections import sections_of
from tests.factories import properties


class TestSections:
    @pytest.mark.parametrize(
        ("text", "headings"),
        [
            ("== A ==\n1\n=== B ===\n2\n==== C ====\n3\n=== D ===\n4", ["A", "A: B", "A: B: C", "A: D"]),
            ("=== B ===\n1\n== E ==\n2\n==== C ====\n3", ["B", "E", "E: C"]),
            ("==E = mc²==\n1\n======= F =======\n2", ["E = mc²", "E = mc²: = F ="]),
        ],
    )
    def test_headings_name_what_they_are_part_of(self, text: str, headings: list[str]) -> None:
        assert [section.heading for section in sections_of(text)] == headings

    @pytest.mark.parametrize(
        "names", [("See also", "References", "External links"), ("Notes", "FURTHER READING", "Bibliography")]
    )
    def test_lists_of_sources_are_left_out_with_all_below(self, names: tuple[str, ...]) -> None:
        text = "".join(f"== {name} ==\nx\n=== Below ===\ny\n" for name in names)
        assert sections_of(f"Lead.\n{text}== Next ==\nz") == (Section("", "Lead."), Section("Next", "z"))

    def test_empty_sections_are_left_out(self) -> None:
        assert sections_of("\n== A ==\n \n== B ==\n=== C ===\nx") == (Section("B: C", "x"),)

    @pytest.mark.parametrize("line", ["= A =", "== A", "A ==", "==", "====", "a == b"])
    def test_not_a_heading(self, line: str) -> None:
        assert sections_of(line) == (Section("", line),)

    @properties
    @given(st.text(alphabet="= \nab\u2028\t", max_size=80))
    def test_any_text(self, text: str) -> None:
        for section in sections_of(text):
            assert section.text == section.text.strip() != ""
            assert section.text in "\n".join(line.strip() for line in text.splitlines() if line.strip())

    @properties
    @given(st.lists(st.tuples(st.integers(2, 6), st.sampled_from("ABC"), st.sampled_from("xyz"))))
    def test_nothing_is_lost(self, parts: list[tuple[int, str, str]]) -> None:
        text = "\n".join(f"{'=' * level} {name} {'=' * level}\n\n{body}\n" for level, name, body in parts)
        sections = sections_of(text)
        assert [section.text for section in sections] == [body for _, _, body in parts]
        assert [section.heading[-1] for section in sections] == [name for _, name, _ in parts]

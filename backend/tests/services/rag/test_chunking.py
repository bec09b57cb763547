"""Tests of cutting: whatever the text and the sizes, nothing is lost, and no chunk is too long."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.passages import Article, Section
from app.services.local_models.files import local_model
from app.services.rag.chunking import _LEAST_TEXT, Chunker, Chunking, load_tokenizer
from tests.factories import properties
from tests.services.rag import tiny

MARKS = 2  # [CLS] and [SEP]
# Sentences, long words, marks without spaces, scripts without spaces, letters that are several tokens,
# accents apart from their letter, characters that the tokenizer drops.
TRICKY = [
    "the river. ", "A king was born? ", "“It is old.” ", "U.S. ", "3.14, ", "…", ".\n", "\n\n", "\n", " ",
    "unbelievably", "x" * 50, "y" * 120, "a/b/c-d.e", "?!?!", "https://example.org/a?b=c&d=1 ",
    "中文字符", "東京", "한강내각", "éa", "e\u0301e\u0301", "ﬃ", "İ", "ß", "\u00a0", "\u200b", "\x00",
    "\ufffd", "👩‍👩‍👧",
]  # fmt: skip
PARTS = st.sampled_from(TRICKY) | st.sampled_from(tiny.WORDS) | st.text(max_size=6)
SHORT_PARTS = st.sampled_from(
    [*tiny.WORDS, "tower.", "A", "“old?”", "3.14", "東京", "éa", "ß", "👩", ".\n", "\n\n"]
)
TITLES = st.sampled_from(["", "The Tower", "The Old Tower of the River " * 6]) | st.text(max_size=20)
CHUNKINGS = st.builds(Chunking, st.integers(8, 64), st.integers(0, 32))
REAL = "sentence-transformers/all-MiniLM-L6-v2"


def articles(parts: st.SearchStrategy[str], between: st.SearchStrategy[str]) -> st.SearchStrategy[Article]:
    """Draw articles of some sections, whose texts are made of ``parts``."""
    texts = st.builds(str.join, between, st.lists(parts, max_size=60))
    sections = st.lists(st.builds(Section, st.text(max_size=5), texts), max_size=4)
    return st.builds(Article, st.just("a"), TITLES, sections.map(tuple))


ARTICLES = articles(PARTS, st.sampled_from(["", " "]))
OF_SHORT_WORDS = articles(SHORT_PARTS, st.just(" "))


def real_tokenizer() -> Any:
    folder = local_model(REAL)
    assert folder is not None
    return load_tokenizer(folder)


def covered(tokenizer: Any, text: str) -> list[tuple[int, int]]:
    """Return where the tokens stand that the tokenizer finds in ``text``."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    return [(start, end) for start, end in encoding.offsets if end > start]


def plain(text: str, title: str = "") -> Article:
    return Article("a", title, (Section("", text),))


def cut(article: Article, size: int = 64, overlap: int = 0) -> list[str]:
    return [chunk.text for chunk in Chunker(tiny.tokenizer(), Chunking(size, overlap)).chunks(article)]


@pytest.fixture(scope="module", params=[tiny.tokenizer, real_tokenizer], ids=["tiny", "MiniLM"])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    make: Callable[[], Any] = request.param
    return make()


class TestAnyArticle:
    @properties
    @given(article=ARTICLES, chunking=CHUNKINGS)
    def test_offsets_and_labels(self, tokenizer: Any, article: Article, chunking: Chunking) -> None:
        chunks = Chunker(tokenizer, chunking).chunks(article)
        assert [chunk.id for chunk in chunks] == [f"a#{number}" for number in range(len(chunks))]
        for chunk in chunks:
            assert article.text[chunk.start : chunk.end] == chunk.text
            assert chunk.text.strip()
            assert (chunk.article, chunk.title) == (article.key, article.title)

    @properties
    @given(article=ARTICLES, chunking=CHUNKINGS)
    def test_nothing_is_lost(self, tokenizer: Any, article: Article, chunking: Chunking) -> None:
        held = set[int]()
        for chunk in Chunker(tokenizer, chunking).chunks(article):
            held.update(range(chunk.start, chunk.end))
        for start, end in covered(tokenizer, article.text):
            assert held.issuperset(range(start, end)), article.text[start:end]

    @properties
    @given(article=ARTICLES, chunking=CHUNKINGS)
    def test_in_order(self, tokenizer: Any, article: Article, chunking: Chunking) -> None:
        chunks = Chunker(tokenizer, chunking).chunks(article)
        for one, following in pairwise(chunks):
            assert one.start < following.start

    @properties
    @given(article=ARTICLES, chunking=CHUNKINGS)
    @example(plain("The tower is old. " * 12 + "中" * 80), Chunking(64, 20))
    def test_none_lies_within_the_one_before(
        self, tokenizer: Any, article: Article, chunking: Chunking
    ) -> None:
        chunks = Chunker(tokenizer, chunking).chunks(article)
        for one, following in pairwise(chunks):
            assert one.end < following.end, (one.text, following.text)

    @properties
    @given(article=ARTICLES, chunking=CHUNKINGS)
    def test_neighbours_share_the_overlap_at_most(
        self, tokenizer: Any, article: Article, chunking: Chunking
    ) -> None:
        tokens = covered(tokenizer, article.text)
        chunks = Chunker(tokenizer, chunking).chunks(article)
        for one, following in pairwise(chunks):
            shared = [token for token in tokens if following.start <= token[0] and token[1] <= one.end]
            assert len(shared) <= chunking.overlap

    @properties
    @given(article=OF_SHORT_WORDS, chunking=CHUNKINGS)
    def test_size(self, tokenizer: Any, article: Article, chunking: Chunking) -> None:
        self.assert_size(tokenizer, article, chunking)

    @properties
    @given(article=ARTICLES, chunking=CHUNKINGS)
    @example(plain("queening/" * 12), Chunking(18, 0))
    @example(plain("king" + "ed" * 40), Chunking(18, 0))
    @example(plain("한강내각" * 9), Chunking(18, 0))
    def test_size_where_there_are_no_spaces(
        self, tokenizer: Any, article: Article, chunking: Chunking
    ) -> None:
        self.assert_size(tokenizer, article, chunking)

    @staticmethod
    def assert_size(tokenizer: Any, article: Article, chunking: Chunking) -> None:
        title = len(covered(tokenizer, article.title))
        chunker = Chunker(tokenizer, chunking)
        for chunk in chunker.chunks(article):
            tokens = len(tokenizer.encode(chunk.searched).ids)
            assert chunker.tokens(chunk) == tokens
            assert tokens <= max(chunking.size, title + _LEAST_TEXT + MARKS), chunk.text

    @properties
    @given(article=ARTICLES, chunking=CHUNKINGS)
    def test_section_is_where_it_begins(self, tokenizer: Any, article: Article, chunking: Chunking) -> None:
        for chunk in Chunker(tokenizer, chunking).chunks(article):
            offset = 0
            for section in article.sections:
                if offset <= chunk.start < offset + len(section.text):
                    assert chunk.section == section.heading
                    break
                offset += len(section.text) + 2
            else:
                pytest.fail("begins in no section")


class TestExamples:
    def test_ends_with_a_sentence(self) -> None:
        text = "The river was long. The king died in the old castle! Was it great? The queen wrote a poem."
        assert cut(plain(text), size=20) == [
            "The river was long. The king died in the old castle! Was it great?",
            "The queen wrote a poem.",
        ]

    def test_ends_with_a_paragraph_that_has_no_full_stop(self) -> None:
        text = "The old castle of the great king and the queen\n\nA river was found in the north of the city"
        assert cut(plain(text), size=18) == text.split("\n\n")

    def test_full_stop_within_a_number_or_a_name_is_no_end(self) -> None:
        text = (
            "The tower of the city is 3.14159 long and old.The river is old and great and found in the north"
        )
        assert cut(plain(text), size=26)[0].endswith("old.The river is old and great and")

    def test_short_sentence_does_not_make_a_short_chunk(self) -> None:
        text = "A king died. " + "the river " * 20
        assert cut(plain(text), size=2 + 20)[0] == ("A king died. " + "the river " * 8).strip()

    def test_long_sentence_is_cut_between_words(self) -> None:
        text = " ".join(["unbelievable"] * 6)  # of 12 tokens each
        assert cut(plain(text), size=2 + 30) == ["unbelievable unbelievable"] * 3

    def test_overlap_begins_with_a_sentence(self) -> None:
        text = "The river was long. The king died. It is new. The queen wrote a great poem in the city."
        assert cut(plain(text), size=2 + 16, overlap=5) == [
            "The river was long. The king died. It is new.",
            "It is new. The queen wrote a great poem in the city.",
        ]

    def test_overlap_begins_with_a_word_where_no_sentence_does(self) -> None:
        text = " ".join(["castles"] * 16)  # of 2 tokens each
        assert cut(plain(text), size=2 + 20, overlap=5) == [
            " ".join(["castles"] * 10),
            " ".join(["castles"] * 8),
        ]

    def test_text_without_blanks_is_cut_behind_its_sentences(self) -> None:
        text = "東京東京。北京北京北京。中文字符中文字符？東京"
        first, *rest = cut(plain(text), size=2 + 14, overlap=0)
        assert first == "東京東京。北京北京北京。"
        assert "".join([first, *rest]) == text

    def test_early_blank_does_not_make_a_short_chunk_of_such_text(self) -> None:
        text = "東京 " + "北京" * 20
        assert len(cut(plain(text), size=2 + 20)[0]) >= 15

    def test_short_text_is_one_chunk(self) -> None:
        assert cut(plain("  The river\n\nwas long. ")) == ["The river\n\nwas long."]

    @pytest.mark.parametrize("text", ["", " ", "\n\n \t", "\u00a0", "\x00", "\u200b"])
    def test_text_without_words_has_no_chunks(self, text: str) -> None:
        assert cut(plain(text, title="The Tower")) == []
        assert cut(Article("a", "The Tower", ())) == []

    def test_title_takes_its_part_of_the_size(self) -> None:
        article = plain("the river " * 20, title="the old tower " * 4)
        chunker = Chunker(tiny.tokenizer(), Chunking(34, 0))
        chunks = chunker.chunks(article)
        assert {chunker.tokens(chunk) for chunk in chunks} == {34}
        assert chunks[0].searched == f"{article.title}\n{chunks[0].text}"
        assert len(chunks[0].text.split()) == 34 - 12 - MARKS

    def test_title_that_leaves_no_room_leaves_room_for_some_text(self) -> None:
        chunks = cut(plain("river " * 3 * _LEAST_TEXT, title="the old tower " * 40), size=32)
        assert [len(text.split()) for text in chunks] == [_LEAST_TEXT] * 3

    def test_chunk_of_two_sections_has_the_heading_of_the_first(self) -> None:
        article = Article("a", "", (Section("One", "the river"), Section("", ""), Section("Two", "the king")))
        (chunk,) = Chunker(tiny.tokenizer(), Chunking(64, 0)).chunks(article)
        assert (chunk.text, chunk.section) == ("the river\n\n\n\nthe king", "One")
        article = tiny.article("a", "the river " * 10, "the king " * 10, headings=["One", "Two"])
        chunks = Chunker(tiny.tokenizer(), Chunking(22, 0)).chunks(article)
        assert [chunk.section for chunk in chunks] == ["One", "Two"]

    def test_never_across_articles(self) -> None:
        chunker = Chunker(tiny.tokenizer(), Chunking(64, 8))
        found = [
            (chunk.id, chunk.text)
            for article in (tiny.article("one", "the river"), tiny.article("two", "the king"))
            for chunk in chunker.chunks(article)
        ]
        assert found == [("one#0", "the river"), ("two#0", "the king")]


class TestTokenizer:
    def test_of_a_folder_cuts_and_pads_nothing(self, tmp_path: Path) -> None:
        saved = tiny.tokenizer()
        saved.enable_truncation(8)
        saved.enable_padding(length=32)
        saved.save(str(tmp_path / "tokenizer.json"))
        loaded = load_tokenizer(tmp_path)
        assert len(loaded.encode("river " * 20).ids) == 22
        assert len(loaded.encode("river").ids) == 3

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"tokenizer\.json"):
            load_tokenizer(tmp_path)

"""Cutting articles into chunks: sizes in tokens of the embedding model, cuts at ends of sentences.

The size of a chunk counts everything that the embedding model reads: title, text, and the model's
special tokens at both ends. So no chunk is truncated when it is embedded.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.passages import SECTION_BREAK, Article, Chunk
from app.domain.scripts import UNSPACED

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_SENTENCE_END = re.compile(
    r"[.!?…؟۔][\"'”’)\]]*\s+|\n+"
    "|[。！？｡।॥][\"'”’）)」』]*"  # behind these no blank is written
)
_UNSPACED = re.compile(f"[{UNSPACED}]")
_LEAST_TEXT = 16  # fewest tokens of text in a chunk, however long its title


@dataclass(frozen=True, slots=True)
class Chunking:
    """How articles are cut.

    Attributes:
        size: most tokens of a chunk, title and special tokens included.
        overlap: most tokens that a chunk shares with the one before it.
    """

    size: int = 256
    overlap: int = 50

    def as_dict(self) -> dict[str, int]:
        """Return the parameters as JSON, for hashing."""
        return {"size": self.size, "overlap": self.overlap}


@lru_cache(maxsize=4)
def load_tokenizer(model: Path) -> "Tokenizer":
    """Return the tokenizer of a model's folder, without truncation or padding.

    Raises:
        OSError: if the folder has no tokenizer.
    """
    path = model / "tokenizer.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist")
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


class Chunker:
    """Cuts articles into chunks for one embedding model."""

    def __init__(self, tokenizer: "Tokenizer", chunking: Chunking) -> None:
        self._tokenizer = tokenizer
        self._chunking = chunking
        self._special_tokens: int = tokenizer.num_special_tokens_to_add(is_pair=False)

    def chunks(self, article: Article) -> list[Chunk]:
        """Return the chunks of an article, in order; together they contain all of its words."""
        text = article.text
        spans = self._spans(text)
        if not spans:
            return []
        title = len(self._spans(article.title))
        room = max(_LEAST_TEXT, self._chunking.size - title - self._special_tokens)
        headings = _headings(article)
        starts = [offset for offset, _ in headings]
        return [
            Chunk(
                id=f"{article.key}#{number}",
                article=article.key,
                title=article.title,
                section=headings[bisect_right(starts, start) - 1][1],
                text=text[start:end],
                start=start,
                end=end,
            )
            for number, (start, end) in enumerate(
                (spans[first][0], spans[last - 1][1]) for first, last in self._windows(text, spans, room)
            )
        ]

    def tokens(self, chunk: Chunk) -> int:
        """Return the number of tokens that the embedding model reads for a chunk."""
        return len(self._tokenizer.encode(chunk.searched).ids)

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Return start and end of each token in ``text``; tokens without characters are left out."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return [(start, end) for start, end in encoding.offsets if end > start]

    def _windows(self, text: str, spans: list[tuple[int, int]], room: int) -> Iterator[tuple[int, int]]:
        """Yield the tokens of each chunk as (first, last + 1)."""
        starts = [start for start, _ in spans]
        # Preferred places for a cut: the first token of each sentence, and the end.
        breaks = sorted({bisect_left(starts, match.end()) for match in _SENTENCE_END.finditer(text)})
        breaks = [place for place in breaks if 0 < place < len(spans)] + [len(spans)]
        first = 0
        while True:
            last = self._end(text, spans, breaks, first, room)
            # Tokenized on its own, a chunk that begins within a word may have more tokens.
            while last > first + 1 and len(self._spans(text[spans[first][0] : spans[last - 1][1]])) > room:
                last -= 1
            last = _between_characters(spans, last, first)
            yield first, last
            if last >= len(spans):
                return
            following = self._next_start(text, spans, breaks, first, last)
            # Without this check the next chunk could lie within this one.
            first = following if self._end(text, spans, breaks, following, room) > last else last

    def _end(self, text: str, spans: list[tuple[int, int]], breaks: list[int], first: int, room: int) -> int:
        limit = first + room
        if limit >= len(spans):
            return len(spans)
        place = bisect_right(breaks, limit) - 1
        # A cut in the first half would give many short chunks where sentences are long.
        if place >= 0 and breaks[place] > first + room // 2:
            return breaks[place]
        return _between_words(text, spans, limit, first)

    def _next_start(
        self, text: str, spans: list[tuple[int, int]], breaks: list[int], first: int, last: int
    ) -> int:
        """Return the first token of the next chunk: within the overlap, at a sentence or else at a word."""
        earliest = max(first + 1, last - self._chunking.overlap)
        place = bisect_left(breaks, earliest)
        if breaks[place] < last:
            return breaks[place]
        words = (here for here in range(earliest, last) if _begins_word(text, spans, here))
        return next(words, last)


def _begins_word(text: str, spans: list[tuple[int, int]], here: int) -> bool:
    """Return whether the token at ``here`` begins a word; where words have no blanks between, any does."""
    start = spans[here][0]
    return start > spans[here - 1][1] or _UNSPACED.match(text, start) is not None


def _between_words(text: str, spans: list[tuple[int, int]], place: int, first: int) -> int:
    """Return the last place at or before ``place`` that is not within a word; ``place`` if there is none."""
    for here in range(place, first, -1):
        if _begins_word(text, spans, here):
            return here
    return place


def _between_characters(spans: list[tuple[int, int]], place: int, first: int) -> int:
    """Return the last place at or before ``place`` that does not split a character of several tokens."""
    while first + 1 < place < len(spans) and spans[place][0] < spans[place - 1][1]:
        place -= 1
    return place


def _headings(article: Article) -> list[tuple[int, str]]:
    """Return the offset of each section in the article's text, with its heading."""
    found, offset = [], 0
    for section in article.sections:
        found.append((offset, section.heading))
        offset += len(section.text) + len(SECTION_BREAK)
    return found

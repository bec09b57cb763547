"""BM25 with the scores of ``rank_bm25.BM25Okapi``, whose weights are precomputed as a sparse matrix.

A chunk's score is a sum, over the words of the query, of weights that depend on word and chunk only.
The matrix has a row for each word. Its weights are computed by the same operations in the same order
as in the library, so that scores are equal to the last bit (a test compares them); the library itself
computes the inverse document frequencies.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import snowballstemmer
from numpy.typing import NDArray

from app.domain.scripts import CJK, SOUTH_EAST_ASIAN, UNSPACED

Floats = NDArray[np.float64]
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# Vowel signs and accents that are characters of their own, which \w leaves out: of Hindi, Thai, Arabic.
_MARK = "".join(chr(code) for code in range(0x300, 0x1B00) if unicodedata.category(chr(code))[0] == "M")
_MARKED_WORD = re.compile(rf"[^\W_](?:[^\W_]|['’](?=[^\W_])|[{_MARK}])*")
_PARTS = re.compile(f"(?P<cjk>[{CJK}]+)|(?P<other>[{SOUTH_EAST_ASIAN}]+)|[^{UNSPACED}]+")
_ARRAYS = ("starts", "chunks", "weights")
# Words that do not tell what a question is about, question words among them.
_STOP_WORDS = frozenset((
    "a", "an", "the", "of", "in", "on", "at", "to", "for", "from", "by", "with", "as", "and", "or", "but",
    "not", "is", "was", "were", "are", "be", "been", "has", "have", "had", "do", "does", "did", "he", "she",
    "it", "its", "his", "her", "their", "they", "this", "that", "these", "those", "who", "whom", "whose",
    "which", "what", "when", "where", "why", "how",
))  # fmt: skip
_stemmer = snowballstemmer.stemmer("english")


def words_of(text: str) -> list[str]:
    """Return the terms of a text for BM25: lower case, no stop words, English stems.

    Where words have no blanks between them, terms are all pairs of neighbouring characters, as in Lucene's
    analyser for Chinese, Japanese and Korean; of Thai and its neighbours, whose words have more letters, all
    threes. A shorter run is a term as it is.
    """
    if text.isascii():
        found = _WORD.findall(text)
    else:
        # A letter and its accent become one character, and full-width letters and half-width kana usual ones.
        text = unicodedata.normalize("NFKC", text)
        found = [part for word in _MARKED_WORD.findall(text) for part in _parts(word)]
    words = (word.lower().replace("’", "'").removesuffix("'s") for word in found)
    return [_stem(word) for word in words if word not in _STOP_WORDS]


def _parts(word: str) -> list[str]:
    """Return a word, or where it has no inner blanks the pairs or threes of its characters."""
    if word.isascii():
        return [word]
    parts: list[str] = []
    for part in _PARTS.finditer(word):
        text = part[0]
        size = 2 if part["cjk"] else 3 if part["other"] else len(text)
        parts += [text[start : start + size] for start in range(max(1, len(text) - size + 1))]
    return parts


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    return str(_stemmer.stemWord(word))


@dataclass(frozen=True, slots=True)
class Bm25Index:
    """A sparse matrix of words × chunks, compressed by rows (CSR).

    Attributes:
        terms: row of each word.
        starts: where each row begins in ``chunks`` and ``weights``, shape ``(words + 1,)``.
        chunks: numbers of chunks, ascending within a row.
        weights: what the word adds to the score of that chunk.
        size: number of chunks.
    """

    terms: dict[str, int]
    starts: NDArray[np.int64]
    chunks: NDArray[np.int32]
    weights: Floats
    size: int

    @classmethod
    def build(cls, corpus: Sequence[Sequence[str]]) -> "Bm25Index":
        """Return the index of chunks, each given as its words."""
        if not any(corpus):
            empty = np.zeros(1, dtype=np.int64)
            return cls({}, empty, np.empty(0, np.int32), np.empty(0), len(corpus))
        from rank_bm25 import BM25Okapi

        okapi = BM25Okapi(corpus)
        terms = {word: row for row, word in enumerate(okapi.idf)}
        lengths = np.array(okapi.doc_len)
        norms = okapi.k1 * (1 - okapi.b + okapi.b * lengths / okapi.avgdl)
        rows, columns, counts = _counts(okapi.doc_freqs, terms)
        order = np.lexsort((columns, rows))
        rows, columns, counts = rows[order], columns[order], counts[order]
        idf = np.array(list(okapi.idf.values()))
        weights = idf[rows] * (counts * (okapi.k1 + 1) / (counts + norms[columns]))
        starts = np.searchsorted(rows, np.arange(len(terms) + 1)).astype(np.int64)
        return cls(terms, starts, columns.astype(np.int32), weights, len(corpus))

    def scores(self, query: Sequence[str]) -> Floats:
        """Return the score of each chunk, shape ``(chunks,)``; a repeated word of the query counts again."""
        scores = np.zeros(self.size)
        for word in query:
            row = self.terms.get(word)
            if row is not None:
                here = slice(self.starts[row], self.starts[row + 1])
                scores[self.chunks[here]] += self.weights[here]
        return scores

    @staticmethod
    def top(scores: Floats, count: int) -> list[tuple[int, float]]:
        """Return the best chunks with their scores; zero scores are left out, ties go to the first chunk."""
        found = np.flatnonzero(scores)
        if found.size > count:
            # Keep all that tie with the last one taken; the stable sort below breaks the tie by position.
            least = np.partition(scores[found], found.size - count)[found.size - count]
            found = found[scores[found] >= least]
        best = found[np.argsort(-scores[found], kind="stable")][:count]
        return [(int(chunk), float(scores[chunk])) for chunk in best]

    def save(self, folder: Path) -> None:
        """Write the index into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        about = {"size": self.size, "terms": list(self.terms)}
        (folder / "terms.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Bm25Index":
        """Read an index that ``save`` wrote; the matrix is memory-mapped.

        Raises:
            OSError: if a file is missing.
        """
        about = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
        arrays = [np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS]
        starts, chunks, weights = arrays
        return cls(
            {word: row for row, word in enumerate(about["terms"])}, starts, chunks, weights, about["size"]
        )


def _counts(
    frequencies: Sequence[Counter[str]] | Sequence[dict[str, int]], terms: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return three arrays with row, chunk and count of each word in each chunk."""
    sizes = [len(found) for found in frequencies]
    total = sum(sizes)
    rows = np.fromiter((terms[word] for found in frequencies for word in found), np.int64, total)
    counts = np.fromiter((count for found in frequencies for count in found.values()), np.int64, total)
    return rows, np.repeat(np.arange(len(sizes)), sizes), counts

"""Tests of an index that is built: it is read back whole, and finds what is nearest."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.domain.passages import articles_version
from app.services.local_models.files import fingerprint
from app.services.rag import index as module
from app.services.rag.embedding import Embedder
from app.services.rag.index import KnowledgeIndex, open_index
from tests.services.rag.indexes import ARTICLES, chunks_of, recipe_of


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the index of ``ARTICLES`` is built already."""
    return tmp_path_factory.mktemp("the indexes")


@pytest.fixture(scope="module")
def index(root: Path, embedding_model: Path) -> Iterator[KnowledgeIndex]:
    recipe = recipe_of(ARTICLES, embedding_model)
    opened = open_index(root, recipe, recipe.embedder(), lambda: ARTICLES)
    yield opened
    opened.close()


class TestReading:
    def test_all_chunks_come_back_in_order(self, index: KnowledgeIndex) -> None:
        assert list(index.all_chunks()) == chunks_of(ARTICLES)
        assert index.size == len(chunks_of(ARTICLES)) > 10

    def test_chunks_by_number(self, index: KnowledgeIndex) -> None:
        expected = chunks_of(ARTICLES)
        assert index.chunks([3, 0]) == {3: expected[3], 0: expected[0]}
        assert index.chunks([]) == {}

    def test_same_text_is_the_nearest(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        texts = [chunk.searched for chunk in chunks_of(ARTICLES)]
        for number, text in enumerate(texts):
            (best, cosine), *_ = index.nearest(embedder.query(text), 3)
            assert best == texts.index(text)  # the first of those that say the same
            assert cosine == pytest.approx(1, abs=1e-5)

    def test_nearest_are_those_of_an_exact_search(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        query = embedder.query("the old king")
        vectors = np.array([embedder.query(chunk.searched) for chunk in chunks_of(ARTICLES)])
        cosines = vectors @ query
        found = index.nearest(query, 7)
        assert [score for _, score in found] == pytest.approx(sorted(cosines, reverse=True)[:7], abs=1e-5)
        assert [score for _, score in found] == pytest.approx(cosines[[n for n, _ in found]], abs=1e-5)
        assert found == sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def test_more_than_there_are(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        found = index.nearest(embedder.query("king"), 10_000)
        assert sorted(number for number, _ in found) == list(range(index.size))

    def test_similarities_are_the_cosines_of_nearest(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        query = embedder.query("the long river")
        found = dict(index.nearest(query, index.size))
        assert index.similarities(query, list(found)) == pytest.approx(found, abs=1e-5)
        assert list(index.similarities(query, [2])) == [2]
        assert index.similarities(query, []) == {}

    def test_words(self, index: KnowledgeIndex) -> None:
        scores = index.words.scores(["king", "castl"])
        (best, _), *_ = index.words.top(scores, 3)
        assert "castle" in chunks_of(ARTICLES)[best].text

    def test_titles_are_searched(self, index: KnowledgeIndex) -> None:
        titled = [number for number, chunk in enumerate(chunks_of(ARTICLES)) if chunk.article == "river"]
        assert {number for number, _ in index.words.top(index.words.scores(["river"]), 99)} >= set(titled)

    def test_manifest_says_what_it_is(self, index: KnowledgeIndex, embedding_model: Path) -> None:
        assert index.manifest == {
            "format": module.FORMAT,
            "version": articles_version(ARTICLES),
            "chunking": {"size": 32, "overlap": 8},
            "model": fingerprint(embedding_model),
            "articles": 4,
            "chunks": index.size,
        }

    def test_closing_one_leaves_the_other_open(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        KnowledgeIndex(index.folder).close()
        assert len(index.nearest(embedder.query("king"), 2)) == 2
        other = KnowledgeIndex(index.folder)
        assert list(other.all_chunks()) == chunks_of(ARTICLES)
        other.close()

    def test_pages(self, index: KnowledgeIndex) -> None:
        assert list(index.all_chunks(page=4)) == chunks_of(ARTICLES)

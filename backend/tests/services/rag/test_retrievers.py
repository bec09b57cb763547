"""Tests of the three variants on tiny models: what each stage says, and what comes out."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.domain.passages import Retrieval, articles_version
from app.services.rag.bm25 import words_of
from app.services.rag.chunking import Chunking
from app.services.rag.embedding import Embedder
from app.services.rag.index import KnowledgeIndex, Recipe, open_index
from app.services.rag.reranking import Reranker
from app.services.rag.retrievers import IndexRetriever, RetrievalOptions, fuse_ranks, fuse_scores
from tests.services.rag import tiny

ARTICLES = [
    tiny.article(f"{subject} {place}", f"The {subject} of the {place} is old.", title=f"The {subject}")
    for subject in ("king", "queen", "painter", "ship", "poem")
    for place in ("north", "south", "city", "river", "island", "castle")
]
QUERY = "Who was the old king of the castle?"
Search = Callable[..., Retrieval]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedding_model: Path) -> Iterator[KnowledgeIndex]:
    recipe = Recipe(articles_version(ARTICLES), Chunking(32, 8), embedding_model)
    opened = open_index(tmp_path_factory.mktemp("index"), recipe, recipe.embedder(), lambda: ARTICLES)
    yield opened
    opened.close()


@pytest.fixture
def search(index: KnowledgeIndex, embedder: Embedder, tiny_reranker: Reranker) -> Search:
    """Search once, with some options."""

    def searched(query: str = QUERY, **options: Any) -> Retrieval:
        with retriever(index, embedder, tiny_reranker, **options) as opened:
            return opened.search(query)

    return searched


@contextmanager
def retriever(
    index: KnowledgeIndex, embedder: Embedder, reranker: Reranker | None = None, **options: Any
) -> Iterator[IndexRetriever]:
    opened = IndexRetriever(index, embedder, RetrievalOptions(**options), reranker)
    yield opened
    opened.close()


def stage(found: Retrieval, name: str) -> list[tuple[int, str, float]]:
    """Return rank, chunk and score of what a stage said, in its order."""
    hits = [(passage.stages.get(name), passage.chunk.id) for passage in found.passages]
    return sorted((hit.rank, chunk, hit.score) for hit, chunk in hits if hit)


def ids(found: Retrieval) -> list[str]:
    return [passage.chunk.id for passage in found.passages]


class TestNaive:
    def test_is_the_dense_ranking(self, search: Search, index: KnowledgeIndex, embedder: Embedder) -> None:
        found = search(variant="naive", top_k=4)
        nearest = index.nearest(embedder.query(QUERY), 4)
        chunks = index.chunks([number for number, _ in nearest])
        assert stage(found, "dense") == [
            (rank, chunks[number].id, score) for rank, (number, score) in enumerate(nearest, start=1)
        ]
        assert [passage.chunk for passage in found.passages] == [chunks[number] for number, _ in nearest]
        assert all(set(passage.stages) == {"dense"} for passage in found.passages)
        assert set(found.seconds) == {"embedding", "dense", "chunks"}

    def test_dense_candidates_do_not_limit_it(self, search: Search) -> None:
        assert len(search(variant="naive", top_k=12, dense_candidates=3).passages) == 12

    def test_floor(self, search: Search) -> None:
        scores = [score for *_, score in stage(search(variant="naive", top_k=10), "dense")]
        found = search(variant="naive", top_k=10, similarity_floor=scores[3])
        assert [score for *_, score in stage(found, "dense")] == scores[:4]
        assert search(variant="naive", similarity_floor=1.0).passages == ()


class TestHybrid:
    def test_stages(self, search: Search) -> None:
        found = search(top_k=50)
        kinds = {frozenset(passage.stages) for passage in found.passages}
        assert kinds <= {
            frozenset({"dense", "fused"}),
            frozenset({"bm25", "fused"}),
            frozenset({"dense", "bm25", "fused"}),
        }
        for name, size in (("dense", 10), ("bm25", 10), ("fused", len(found.passages))):
            assert [rank for rank, *_ in stage(found, name)] == list(range(1, size + 1))
        assert [chunk for _, chunk, _ in stage(found, "fused")] == ids(found)
        assert set(found.seconds) == {"embedding", "dense", "bm25", "fusion", "chunks"}
        assert all(seconds >= 0 for seconds in found.seconds.values())

    def test_chunk_found_by_both_is_there_once(self, search: Search) -> None:
        found = search(top_k=50, dense_candidates=len(ARTICLES), word_candidates=8)
        assert len(ids(found)) == len(set(ids(found))) == len(ARTICLES)
        assert sum({"dense", "bm25"} <= set(passage.stages) for passage in found.passages) == 8

    def test_words_are_those_of_bm25(self, search: Search, index: KnowledgeIndex) -> None:
        found = search(top_k=50, word_candidates=5)
        top = index.words.top(index.words.scores(words_of(QUERY)), 5)
        chunks = index.chunks([number for number, _ in top])
        expected = [(rank, chunks[number].id, score) for rank, (number, score) in enumerate(top, start=1)]
        assert stage(found, "bm25") == expected

    @pytest.mark.parametrize("fusion", ["scores", "ranks"])
    def test_fused(self, search: Search, index: KnowledgeIndex, embedder: Embedder, fusion: str) -> None:
        vector = embedder.query(QUERY)
        scores = index.words.scores(words_of(QUERY))
        dense, words = index.nearest(vector, 6), index.words.top(scores, 4)
        if fusion == "ranks":
            expected = fuse_ranks([[number for number, _ in dense], [number for number, _ in words]])
        else:
            cosines = dict(index.nearest(vector, index.size))
            numbers = dict.fromkeys(number for number, _ in [*dense, *words])
            expected = fuse_scores(
                {one: cosines[one] for one in numbers}, {one: float(scores[one]) for one in numbers}, 0.7
            )
        options = {"dense_candidates": 6, "word_candidates": 4, "dense_weight": 0.7}
        found = search(top_k=50, fusion=fusion, **options)
        chunks = index.chunks([number for number, _ in expected])
        assert ids(found) == [chunks[number].id for number, _ in expected]
        said = [score for *_, score in stage(found, "fused")]
        assert said == pytest.approx([score for _, score in expected], abs=1e-5)

    @pytest.mark.parametrize("top_k", [1, 3, 5])
    def test_top_k_cuts_what_was_fused(self, search: Search, top_k: int) -> None:
        assert ids(search(top_k=top_k)) == ids(search(top_k=50))[:top_k]

    def test_floor_is_for_the_dense_stage(self, search: Search) -> None:
        found = search(top_k=50, similarity_floor=1.0)
        assert stage(found, "dense") == []
        assert len(stage(found, "bm25")) == len(found.passages) == 10

    def test_query_without_known_words(self, search: Search) -> None:
        found = search("zzz?", top_k=3)
        assert ids(found) == ids(search("zzz?", variant="naive", top_k=3))
        assert stage(found, "bm25") == []

    def test_nothing_found(self, search: Search) -> None:
        assert search("zzz?", similarity_floor=1.0).passages == ()


class TestReranked:
    def test_order_is_by_the_reranker(self, search: Search, tiny_reranker: Reranker) -> None:
        found = search(variant="reranked", top_k=50)
        said = stage(found, "reranked")
        assert [chunk for _, chunk, _ in said] == ids(found)
        assert [rank for rank, *_ in said] == list(range(1, len(found.passages) + 1))
        scores = tiny_reranker.scores(QUERY, [passage.chunk.searched for passage in found.passages])
        assert [score for *_, score in said] == pytest.approx(scores, abs=1e-5)
        assert scores == sorted(scores, reverse=True)
        assert len(set(scores)) > 3

    def test_all_candidates_are_read(self, search: Search) -> None:
        fused = search(top_k=50)
        found = search(variant="reranked", top_k=50)
        assert sorted(ids(found)) == sorted(ids(fused))
        assert stage(found, "fused") == stage(fused, "fused")
        assert ids(search(variant="reranked", top_k=2)) == ids(found)[:2]
        assert set(found.seconds) == {*fused.seconds, "reranking"}

    def test_reads_titles_too(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        class Reading(Reranker):
            def scores(self, query: str, texts: Sequence[str]) -> list[float]:
                read.append((query, *texts))
                return [float(len(text)) for text in texts]

        read: list[tuple[str, ...]] = []
        with retriever(index, embedder, Reading(Path("unused")), variant="reranked", top_k=3) as opened:
            found = opened.search(QUERY)
        ((query, *texts),) = read
        assert query == QUERY
        assert set(texts) <= {f"{article.title}\n{article.text}" for article in ARTICLES}
        longest = sorted((len(text) for text in texts), reverse=True)[:3]
        assert [len(passage.chunk.searched) for passage in found.passages] == longest

    def test_of_equal_scores_the_better_fused(
        self, search: Search, index: KnowledgeIndex, embedder: Embedder
    ) -> None:
        class Undecided(Reranker):
            def scores(self, query: str, texts: Sequence[str]) -> list[float]:
                return [0.5] * len(texts)

        with retriever(index, embedder, Undecided(Path("unused")), variant="reranked", top_k=50) as opened:
            assert ids(opened.search(QUERY)) == ids(search(top_k=50))

    def test_nothing_found(self, search: Search) -> None:
        assert search("zzz?", variant="reranked", similarity_floor=1.0).passages == ()

    def test_without_a_reranker_is_refused(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        with pytest.raises(ValueError, match="needs a reranker"):
            IndexRetriever(index, embedder, RetrievalOptions(variant="reranked"))


class Counting(Embedder):
    """An embedder that tells which texts its model read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 32)
        self.read: list[str] = []

    def _encode(self, model: Any, texts: list[str]) -> Any:
        self.read += texts
        return super()._encode(model, texts)


class TestRetrieve:
    async def test_is_search(self, index: KnowledgeIndex, embedder: Embedder, search: Search) -> None:
        with retriever(index, embedder) as opened:
            found = await opened.retrieve(QUERY)
        assert found.passages == search().passages

    async def test_same_query_is_embedded_once(self, index: KnowledgeIndex, embedding_model: Path) -> None:
        counting = Counting(embedding_model)
        with retriever(index, counting) as opened, retriever(index, counting, variant="naive") as other:
            found = await asyncio.gather(*(opened.retrieve(query) for query in [QUERY, "a ship", QUERY]))
            await other.retrieve(QUERY)
        assert counting.read == [QUERY, "a ship"]
        assert found[0].passages == found[2].passages != found[1].passages

    async def test_many_at_once(self, index: KnowledgeIndex, embedder: Embedder, search: Search) -> None:
        queries = [f"the {article.key}" for article in ARTICLES]
        with retriever(index, embedder) as opened:
            found = await asyncio.gather(*(opened.retrieve(query) for query in queries))
        assert [one.passages for one in found] == [search(query).passages for query in queries]

    async def test_does_not_block_the_event_loop(self, index: KnowledgeIndex, embedding_model: Path) -> None:
        class Slow(Embedder):
            def query(self, text: str) -> Any:
                time.sleep(0.3)
                return super().query(text)

        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        with retriever(index, Slow(embedding_model, 32)) as opened:
            await opened.retrieve(QUERY)
        ticking.cancel()
        assert ticks >= 10

    async def test_error_comes_out(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        class Broken(Reranker):
            def scores(self, query: str, texts: Sequence[str]) -> list[float]:
                raise RuntimeError("no memory")

        with retriever(index, embedder, Broken(Path("unused")), variant="reranked") as opened:
            with pytest.raises(RuntimeError, match="no memory"):
                await opened.retrieve(QUERY)
            with pytest.raises(RuntimeError, match="no memory"):
                await opened.retrieve(QUERY)

"""The three variants of retrieval: dense; dense and BM25, fused; and that, reranked.

Each passage keeps its rank and score at every stage, so that a reader can see which stage found it and
which one dropped it.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from app.domain.passages import Hit, Passage, Retrieval
from app.services.rag.bm25 import Floats, words_of
from app.services.rag.embedding import Embedder
from app.services.rag.index import KnowledgeIndex
from app.services.rag.reranking import Reranker
from app.services.rag.vectors import Vectors

Variant = Literal["naive", "hybrid", "reranked"]
Ranking = Sequence[tuple[int, float]]
Fusion = Literal["scores", "ranks"]
RRF_K = 60
"""Constant of reciprocal rank fusion, as in Cormack, Clarke and Büttcher 2009."""


@dataclass(frozen=True, slots=True)
class RetrievalOptions:
    """Parameters of the stages of retrieval.

    Attributes:
        variant: ``naive`` is dense alone; ``hybrid`` fuses dense and BM25; ``reranked`` has a
            cross-encoder rerank the fused candidates.
        top_k: passages returned.
        dense_candidates: chunks that the dense stage gives to the fusion.
        word_candidates: chunks that BM25 gives to the fusion.
        similarity_floor: least cosine of a candidate of the dense stage.
        fusion: by weighted ``scores``, or by ``ranks`` (reciprocal rank fusion).
        dense_weight: weight of the cosine in a fusion by scores; BM25 has the rest.
    """

    variant: Variant = "hybrid"
    top_k: int = 5
    dense_candidates: int = 10
    word_candidates: int = 10
    similarity_floor: float | None = None
    fusion: Fusion = "scores"
    dense_weight: float = 0.4


def fuse_ranks(rankings: Sequence[Sequence[int]], k: int = RRF_K) -> list[tuple[int, float]]:
    """Return all candidates by the sum of ``1 / (k + rank)``, best first; ties keep their order.

    Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009.
    """
    sums: dict[int, float] = {}
    for ranking in rankings:
        for rank, one in enumerate(ranking, start=1):
            sums[one] = sums.get(one, 0.0) + 1.0 / (k + rank)
    return sorted(sums.items(), key=lambda pair: -pair[1])


def fuse_scores(
    cosines: Mapping[int, float], words: Mapping[int, float], dense_weight: float
) -> list[tuple[int, float]]:
    """Return the candidates by the weighted sum of both scores, best first; ties keep their order.

    The convex combination of Bruch, Gai and Ingber, TOIS 2023. Scores are scaled to [0, 1] first: cosines
    between the least and the greatest of the candidates, BM25 between 0 and the greatest.

    Args:
        cosines: of all candidates.
        words: BM25 score of all candidates.
        dense_weight: weight of the cosine, in [0, 1].
    """
    if not cosines:
        return []
    low, high = min(cosines.values()), max(cosines.values())
    most = max(words.values())

    def score(one: int) -> float:
        dense = (cosines[one] - low) / (high - low) if high > low else 1.0
        return dense_weight * dense + (1 - dense_weight) * (max(0.0, words[one]) / most if most > 0 else 0.0)

    return sorted(((one, score(one)) for one in cosines), key=lambda pair: -pair[1])


class IndexRetriever:
    """Searches one index, in a thread of its own, so that the event loop is not blocked."""

    def __init__(
        self,
        index: KnowledgeIndex,
        embedder: Embedder,
        options: RetrievalOptions,
        reranker: Reranker | None = None,
    ) -> None:
        if options.variant == "reranked" and reranker is None:
            raise ValueError("the variant 'reranked' needs a reranker")
        self._index = index
        self._embedder = embedder
        self._options = options
        self._reranker = reranker
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="retrieval")

    @property
    def size(self) -> int:
        """Number of chunks in the index."""
        return self._index.size

    async def retrieve(self, query: str) -> Retrieval:
        """Return the passages for ``query``, best first."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.search, query)

    async def load(self) -> None:
        """Load the models now, so that no query waits for it, or is measured with it."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    def _load(self) -> None:
        self._embedder.load()
        if self._reranker is not None:
            self._reranker.load()

    def close(self) -> None:
        """End the thread; the index stays open for other retrievers."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def search(self, query: str) -> Retrieval:
        """Return the passages for ``query``, best first. Blocks."""
        options, clock = self._options, _Clock()
        with clock.measure("embedding"):
            vector = self._embedder.query(query)
        stages: dict[str, Ranking] = {}
        ranking: Ranking = self._candidates(query, vector, stages, clock)
        kept = ranking if options.variant == "reranked" else ranking[: options.top_k]
        with clock.measure("chunks"):
            chunks = self._index.chunks([number for number, _ in kept])
        if options.variant == "reranked" and self._reranker is not None:
            with clock.measure("reranking"):
                scores = self._reranker.scores(query, [chunks[number].searched for number, _ in kept])
            numbers = [number for number, _ in kept]
            ranking = sorted(zip(numbers, scores, strict=True), key=lambda pair: -pair[1])
            stages["reranked"] = ranking
        hits = _hits(stages)
        found = [Passage(chunks[number], hits[number]) for number, _ in ranking[: options.top_k]]
        return Retrieval(tuple(found), clock.seconds)

    def _candidates(
        self, query: str, vector: Vectors, stages: dict[str, Ranking], clock: "_Clock"
    ) -> Ranking:
        """Return the candidates, best first; adds the ranking of each stage to ``stages``."""
        options = self._options
        naive = options.variant == "naive"
        with clock.measure("dense"):
            count = options.top_k if naive else options.dense_candidates
            dense = self._above_floor(self._index.nearest(vector, count))
        stages["dense"] = dense
        if naive:
            return dense
        with clock.measure("bm25"):
            scores = self._index.words.scores(words_of(query))
            words = self._index.words.top(scores, options.word_candidates)
        stages["bm25"] = words
        with clock.measure("fusion"):
            fused: Ranking
            if options.fusion == "ranks":
                fused = fuse_ranks([[number for number, _ in ranking] for ranking in (dense, words)])
            else:
                fused = self._by_scores(dense, words, scores, vector)
        stages["fused"] = fused
        return fused

    def _by_scores(self, dense: Ranking, words: Ranking, scores: Floats, vector: Vectors) -> Ranking:
        cosines = dict(dense)
        cosines |= self._index.similarities(vector, [one for one, _ in words if one not in cosines])
        of_words = {one: float(scores[one]) for one in cosines}
        return fuse_scores(cosines, of_words, self._options.dense_weight)

    def _above_floor(self, ranking: Ranking) -> Ranking:
        floor = self._options.similarity_floor
        return ranking if floor is None else [hit for hit in ranking if hit[1] >= floor]


def _hits(stages: Mapping[str, Ranking]) -> dict[int, dict[str, Hit]]:
    """Return rank and score of each chunk at each stage that ranked it."""
    found: dict[int, dict[str, Hit]] = {}
    for name, ranking in stages.items():
        for rank, (number, score) in enumerate(ranking, start=1):
            found.setdefault(number, {})[name] = Hit(rank, score)
    return found


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        since = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - since

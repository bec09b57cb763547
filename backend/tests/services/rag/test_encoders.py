"""Tests of the two models: vectors and scores are the library's own, and long texts are cut off."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.services.rag.embedding import Embedder
from app.services.rag.reranking import Reranker
from app.services.rag.vectors import Vectors
from tests.services.rag import tiny

TEXTS = ["king", "the river was long " * 5, "the old tower", "東京 été", "", "a queen wrote a great poem"]


def embedded(embedder: Embedder, texts: Sequence[str]) -> tuple[list[list[int]], Vectors]:
    """Return the places of each batch, and all vectors in the order of ``texts``."""
    batches, vectors = list[list[int]](), np.full((len(texts), embedder.dimension), np.nan, np.float32)

    def keep(places: Sequence[int], found: Vectors) -> None:
        batches.append(list(places))
        vectors[places] = found

    embedder.embed(texts, keep)
    return batches, vectors


class TestEmbedder:
    def test_vectors_are_those_of_the_library(self, embedder: Embedder, embedding_model: Path) -> None:
        from sentence_transformers import SentenceTransformer

        library = SentenceTransformer(str(embedding_model), device="cpu")
        library.max_seq_length = 32
        _, vectors = embedded(embedder, TEXTS)
        assert vectors == pytest.approx(library.encode(TEXTS, normalize_embeddings=True), abs=1e-5)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)

    def test_longest_go_first_in_batches(self, embedding_model: Path) -> None:
        embedder = Embedder(embedding_model, 32, batch=4)
        batches, vectors = embedded(embedder, TEXTS)
        assert batches == [[1, 5, 2, 3], [0, 4]]
        assert vectors == pytest.approx(np.array([embedder.query(text) for text in TEXTS]), abs=1e-5)

    def test_nothing_to_embed(self, embedder: Embedder) -> None:
        assert embedded(embedder, [])[0] == []

    def test_cuts_off_beyond_its_tokens(self, embedding_model: Path) -> None:
        short = Embedder(embedding_model, 12)
        assert short.query("river " * 10) == pytest.approx(short.query("river " * 50), abs=1e-6)
        assert short.query("river " * 9) != pytest.approx(short.query("river " * 10), abs=1e-6)

    @pytest.mark.parametrize("kind", ["Bert", "Roberta", "MPNet"])
    def test_more_tokens_than_the_model_has_positions(self, tmp_path: Path, kind: str) -> None:
        folder = tiny.make_embedding_model(tmp_path / kind, kind=kind)
        embedder = Embedder(folder, 10 * tiny.POSITIONS)
        assert embedder.query("river " * 10 * tiny.POSITIONS).shape == (32,)

    def test_identity(self, embedding_model: Path, other_embedding_model: Path) -> None:
        embedders = [
            Embedder(embedding_model, 32),
            Embedder(embedding_model, 33),
            Embedder(other_embedding_model, 32),
        ]
        assert len({embedder.identity for embedder in embedders}) == 3
        assert Embedder(embedding_model, 32).identity == embedders[0].identity


class TestReranker:
    def test_scores_are_those_of_the_library(self, tiny_reranker: Reranker) -> None:
        from sentence_transformers import CrossEncoder

        library = CrossEncoder(str(tiny_reranker.folder), device="cpu")
        found = tiny_reranker.scores("the king", TEXTS)
        expected = library.predict([("the king", text) for text in TEXTS], show_progress_bar=False)
        assert found == pytest.approx([float(score) for score in expected], abs=1e-5)
        assert len(set(found)) == len(TEXTS)

    def test_long_texts_are_cut_off(self, tiny_reranker: Reranker) -> None:
        one, other = tiny_reranker.scores("the king", ["river " * 200, "river " * 300])
        assert one == pytest.approx(other, abs=1e-6)

    def test_nothing_to_read_loads_nothing(self) -> None:
        assert Reranker(Path("/no/such/folder")).scores("the king", []) == []

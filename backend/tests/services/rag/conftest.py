"""The tiny models, and what reads them."""

from pathlib import Path

import pytest

from app.services.rag.embedding import Embedder
from app.services.rag.reranking import Reranker
from tests.services.rag import tiny
from tests.tiny_models import TinyModels


@pytest.fixture(scope="session")
def embedding_model(tiny_models: TinyModels) -> Path:
    """The folder of a sentence-transformers model with vectors of 32 numbers."""
    return tiny_models.embedding


@pytest.fixture(scope="session")
def other_embedding_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with other weights."""
    return tiny.make_embedding_model(tmp_path_factory.mktemp("tiny models") / "other embedding", seed=3)


@pytest.fixture(scope="session")
def reranker_model(tiny_models: TinyModels) -> Path:
    """The folder of a cross-encoder."""
    return tiny_models.reranker


@pytest.fixture(scope="session")
def tiny_reranker(reranker_model: Path) -> Reranker:
    return Reranker(reranker_model)


@pytest.fixture
def embedder(embedding_model: Path) -> Embedder:
    """An embedder that remembers no query yet."""
    return Embedder(embedding_model, 32)

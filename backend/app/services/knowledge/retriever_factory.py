"""Makes the retriever that a configuration describes: finds and opens its index and models."""

import asyncio
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.core.database import Sessions, when_database_answers
from app.core.errors import FieldError, InvalidInput
from app.domain.passages import Article
from app.domain.provenance import KnowledgeBaseProvenance, RetrievalProvenance
from app.models import KnowledgeBase
from app.schemas.retrieval_config import RetrievalConfig
from app.services.knowledge.service import KnowledgeService
from app.services.local_models.files import (
    ModelUnavailable,
    find_model,
    fingerprint,
    local_model,
    positions,
    require_model,
)
from app.services.rag.chunking import Chunking
from app.services.rag.embedding import Embedder
from app.services.rag.index import KnowledgeIndex, Progress, Recipe, open_index
from app.services.rag.reranking import Reranker
from app.services.rag.retrievers import IndexRetriever, RetrievalOptions

EMBEDDING_SETTING = "method.embedding_model"
RERANKER_SETTING = "method.reranker"


class BuildingStopped(Exception):
    """Raised within a build whose caller was cancelled; what has been embedded is kept."""


def options_of(config: RetrievalConfig) -> RetrievalOptions:
    """Return the options of the retrieval stages from the configuration."""
    return RetrievalOptions(
        variant=config.variant,
        top_k=config.top_k,
        dense_candidates=config.dense_candidates,
        word_candidates=config.word_candidates,
        similarity_floor=config.similarity_floor,
        fusion=config.fusion,
        dense_weight=config.dense_weight,
    )


def chunking_of(config: RetrievalConfig) -> Chunking:
    """Return how articles are cut into chunks, from the configuration."""
    return Chunking(config.chunk_tokens, config.chunk_overlap)


def require_models(config: RetrievalConfig) -> None:
    """Raise unless the models that ``config`` names are available. Blocks: it may ask the hub.

    Raises:
        InvalidInput: naming the field, and what to do.
    """
    wanted = [(config.embedding_model, EMBEDDING_SETTING)]
    if config.variant == "reranked":
        wanted.append((config.reranker, RERANKER_SETTING))
    for name, setting in wanted:
        require_model_here(name, setting)
    folder = local_model(config.embedding_model)
    limit = None if folder is None else positions(folder)
    if limit is not None and config.chunk_tokens > limit:
        message = f"{config.embedding_model} reads at most {limit} tokens, and not {config.chunk_tokens}."
        raise InvalidInput(
            message, hint="Choose smaller chunks.", errors=[FieldError("method.chunk_tokens", message)]
        )


def require_model_here(name: str, setting: str) -> None:
    """Raise unless one model is available. Blocks: it may ask the hub.

    Args:
        name: of the model.
        setting: field of the configuration that names it.

    Raises:
        InvalidInput: naming the field, and what to do.
    """
    try:
        require_model(name, setting)
    except ModelUnavailable as error:
        raise InvalidInput(
            error.message, hint=error.hint, errors=[FieldError(setting, error.message)]
        ) from error


def describe(config: RetrievalConfig, row: KnowledgeBase) -> RetrievalProvenance:
    """Return the provenance of the retrieval; what depends on a model that is not on this machine is None."""
    model, reranker = local_model(config.embedding_model), None
    if config.variant == "reranked":
        reranker = local_model(config.reranker)
    return RetrievalProvenance(
        KnowledgeBaseProvenance(str(row.id), row.name, row.version, row.size),
        index=None if model is None else Recipe(row.version, chunking_of(config), model).name,
        reranker=None if reranker is None else fingerprint(reranker),
    )


@dataclass(slots=True)
class IndexLibrary:
    """The indexes and models that one process has open; each is opened once."""

    root: Path
    _indexes: dict[str, KnowledgeIndex] = field(default_factory=dict)
    _embedders: dict[tuple[Path, int], Embedder] = field(default_factory=dict)
    _rerankers: dict[Path, Reranker] = field(default_factory=dict)
    _opening: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def retriever(
        self,
        config: RetrievalConfig,
        version: str,
        articles: "ArticleSource",
        progress: Progress | None = None,
    ) -> IndexRetriever:
        """Return the retriever that ``config`` describes. Blocks: it builds the index if there is none.

        Raises:
            ModelUnavailable: if a model is not available.
        """
        recipe = Recipe(version, chunking_of(config), find_model(config.embedding_model, EMBEDDING_SETTING))
        reranker = None
        if config.variant == "reranked":
            folder = find_model(config.reranker, RERANKER_SETTING)
            reranker = self._rerankers.setdefault(folder, Reranker(folder))
        with self._lock:
            key = (recipe.model, recipe.chunking.size)
            embedder = self._embedders.setdefault(key, recipe.embedder())
            opening = self._opening.setdefault(recipe.name, threading.Lock())
        with opening:  # a lock for each index: building one does not block the others
            if recipe.name not in self._indexes:
                self._indexes[recipe.name] = open_index(self.root, recipe, embedder, articles, progress)
            index = self._indexes[recipe.name]
        return IndexRetriever(index, embedder, options_of(config), reranker)

    def close(self) -> None:
        """Close all indexes."""
        for index in self._indexes.values():
            index.close()
        self._indexes.clear()


class ArticleSource:
    """Reads the articles of a knowledge base for a thread that builds an index.

    They are read on the event loop on which this object was made, since database connections belong to it.
    """

    def __init__(self, sessions: Sessions, row: KnowledgeBase) -> None:
        self._sessions = sessions
        self._id = row.id
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> Iterable[Article]:
        """Return all articles. Blocks, and must not be called on the event loop."""
        reading = when_database_answers(self._read, "read articles")
        return asyncio.run_coroutine_threadsafe(reading, self._loop).result()

    async def _read(self) -> Sequence[Article]:
        async with self._sessions() as session:
            return await KnowledgeService(session).all_articles(self._id)


async def open_retriever(
    library: IndexLibrary,
    config: RetrievalConfig,
    row: KnowledgeBase,
    sessions: Sessions,
    progress: Progress | None = None,
) -> IndexRetriever:
    """Return the retriever that ``config`` describes, without blocking the event loop.

    When the caller is cancelled, a build stops at its next batch; what was embedded is kept.

    Raises:
        ModelUnavailable: if a model is not available.
    """
    stopped = threading.Event()

    def report(done: int, total: int) -> None:
        if stopped.is_set():
            raise BuildingStopped
        if progress is not None:
            progress(done, total)

    source = ArticleSource(sessions, row)
    try:
        return await asyncio.to_thread(partial(library.retriever, config, row.version, source, report))
    finally:
        stopped.set()

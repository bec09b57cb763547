"""Searching and building indexes: the work of a search process."""

import uuid
from dataclasses import dataclass, field

from app.domain.passages import Passage
from app.models import KnowledgeBase
from app.schemas.retrieval_config import RetrievalConfig
from app.services.knowledge.repository import KnowledgeRepository
from app.services.knowledge.retriever_factory import IndexLibrary, open_retriever
from app.services.local_models.files import ModelUnavailable
from app.services.rag.index import Progress
from app.services.runtime import Runtime


@dataclass(frozen=True, slots=True)
class VariantResult:
    """The result of one retrieval variant.

    Attributes:
        variant: its name.
        passages: best first.
        milliseconds: time of each stage.
        message: why there are no passages, if a model is not available.
    """

    variant: str
    passages: tuple[Passage, ...] = ()
    milliseconds: dict[str, float] = field(default_factory=dict)
    message: str = ""


class KnowledgeSearch:
    """Searches and builds indexes; keeps them and their models open between calls."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._library = IndexLibrary(runtime.settings.index_dir)

    async def build(self, knowledge_base_id: uuid.UUID, options: RetrievalConfig, progress: Progress) -> int:
        """Build an index and return its number of chunks.

        Raises:
            ModelUnavailable: if the embedding model is not available.
        """
        row = await self._find(knowledge_base_id)
        dense = options.model_copy(update={"variant": "naive"})  # needs no reranker
        retriever = await open_retriever(self._library, dense, row, self._runtime.sessions, progress)
        retriever.close()
        return retriever.size

    async def search(
        self, knowledge_base_id: uuid.UUID, options: RetrievalConfig, variants: list[str], query: str
    ) -> list[VariantResult]:
        """Return the passages that each variant finds; builds the index first if there is none."""
        row = await self._find(knowledge_base_id)
        return [await self._variant(row, options, variant, query) for variant in variants]

    async def _find(self, knowledge_base_id: uuid.UUID) -> KnowledgeBase:
        async with self._runtime.sessions() as session:
            row = await KnowledgeRepository(session).get(knowledge_base_id)
        if row is None:
            raise LookupError("the knowledge base does not exist")
        return row

    async def _variant(
        self, row: KnowledgeBase, options: RetrievalConfig, variant: str, query: str
    ) -> VariantResult:
        wanted = options.model_copy(update={"variant": variant})
        try:
            retriever = await open_retriever(self._library, wanted, row, self._runtime.sessions)
        except ModelUnavailable as error:
            return VariantResult(variant, message=str(error))
        try:
            retrieval = await retriever.retrieve(query)
        finally:
            retriever.close()
        milliseconds = {name: 1000 * seconds for name, seconds in retrieval.seconds.items()}
        return VariantResult(variant, retrieval.passages, milliseconds)

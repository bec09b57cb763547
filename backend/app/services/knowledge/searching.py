"""Searching and building, within the process that has the models (see ``app.tasks.retrieval``)."""

import uuid
from typing import Any

from app.models import KnowledgeBase
from app.schemas.method_config import RagMethodConfig
from app.services.knowledge.repository import KnowledgeRepository
from app.services.knowledge.retriever_factory import IndexLibrary, open_retriever
from app.services.local_models.files import ModelUnavailable
from app.services.rag.index import Progress
from app.services.runtime import Runtime


class KnowledgeSearch:
    """Answers the API's requests; keeps indexes and models open from one to the next."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._library = IndexLibrary(runtime.settings.index_dir)

    def close(self) -> None:
        """Close all indexes."""
        self._library.close()

    async def answer(self, request: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """Answer one request: ``build`` or ``search``.

        Raises:
            ModelUnavailable: if a model cannot be had.
        """
        row = await self._find(uuid.UUID(request["knowledge_base_id"]))
        config = RagMethodConfig.model_validate(request["options"])
        if request["kind"] == "build":
            return await self._build(row, config, progress)
        found = [await self._variant(row, config, name, request["query"]) for name in request["variants"]]
        return {"variants": found}

    async def _find(self, knowledge_base_id: uuid.UUID) -> KnowledgeBase:
        async with self._runtime.sessions() as session:
            row = await KnowledgeRepository(session).get(knowledge_base_id)
        if row is None:
            raise LookupError("there is no such knowledge base")
        return row

    async def _build(self, row: KnowledgeBase, config: RagMethodConfig, progress: Progress) -> dict[str, Any]:
        dense = config.model_copy(update={"variant": "naive"})  # needs no reranker
        retriever = await open_retriever(self._library, dense, row, self._runtime.sessions, progress)
        retriever.close()
        return {"chunks": retriever.size}

    async def _variant(
        self, row: KnowledgeBase, config: RagMethodConfig, variant: str, query: str
    ) -> dict[str, Any]:
        wanted = config.model_copy(update={"variant": variant})
        try:
            retriever = await open_retriever(self._library, wanted, row, self._runtime.sessions)
        except ModelUnavailable as error:
            return {"variant": variant, "passages": [], "milliseconds": {}, "message": str(error)}
        try:
            retrieval = await retriever.retrieve(query)
        finally:
            retriever.close()
        milliseconds = {name: 1000 * seconds for name, seconds in retrieval.seconds.items()}
        passages = [passage.as_dict() for passage in retrieval.passages]
        return {"variant": variant, "passages": passages, "milliseconds": milliseconds, "message": ""}

"""Indexes as the API sees them: whether they are there, building them, searching them."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.core.errors import AppError
from app.domain.passages import Passage
from app.models import KnowledgeBase
from app.schemas.method_config import RagMethodConfig
from app.services.knowledge.retriever_factory import EMBEDDING_SETTING, chunking_of, require_model_here
from app.services.knowledge.search_client import SearchClient
from app.services.local_models.files import local_model
from app.services.rag.index import Recipe
from app.services.runtime import Runtime

State = Literal["absent", "building", "built", "failed"]


@dataclass(slots=True)
class IndexState:
    """An index: where it stands, and how far its building is.

    Attributes:
        chunks: in all; ``None`` before it is built.
        message: what went wrong, if something did.
    """

    name: str
    state: State
    done: int = 0
    total: int = 0
    chunks: int | None = None
    message: str = ""


class KnowledgeIndexes:
    """The indexes of this machine; one object for the whole API, which owns the search process."""

    def __init__(self, runtime: Runtime) -> None:
        self._root = runtime.settings.index_dir
        self._process = SearchClient(runtime.settings)
        self._builds: dict[str, IndexState] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """End the search process; what it was building goes on with the next request for it."""
        for task in self._tasks:
            task.cancel()
        await self._process.aclose()

    async def state(self, row: KnowledgeBase, options: RagMethodConfig) -> IndexState:
        """Return where the index of these options stands."""
        name = await asyncio.to_thread(_name, row.version, options)
        chunks = await asyncio.to_thread(_chunks, self._root, name)
        if chunks is not None:
            self._builds.pop(name, None)
            return IndexState(name, "built", chunks=chunks)
        return self._builds.get(name, IndexState(name, "absent"))

    async def build(self, row: KnowledgeBase, options: RagMethodConfig) -> IndexState:
        """Begin to build the index of these options, unless it is there or being built.

        Raises:
            InvalidInput: if the embedding model cannot be had.
        """
        await asyncio.to_thread(require_model_here, options.embedding_model, EMBEDDING_SETTING)
        state = await self.state(row, options)
        if state.state in {"absent", "failed"}:
            state = self._builds[state.name] = IndexState(state.name, "building")
            task = asyncio.create_task(self._build(row, options, state))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return state

    async def _build(self, row: KnowledgeBase, options: RagMethodConfig, state: IndexState) -> None:
        def progress(done: int, total: int) -> None:
            state.done, state.total = done, total

        try:
            await self._process.ask(_request("build", row, options), progress)
        except AppError as error:
            state.state, state.message = "failed", error.message

    async def passages_at_once(
        self, row: KnowledgeBase, options: RagMethodConfig, query: str
    ) -> list[Passage] | None:
        """Return what would be retrieved; ``None`` if that takes building an index or loading models.

        The models are then being loaded, so that the next call has them.
        """
        if (await self.state(row, options)).state != "built":
            return None
        if not self._process.running:
            task = asyncio.create_task(self._process.start())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return None
        try:
            (found,) = await self.search(row, options, [options.variant], query)
        except AppError:
            return None
        return None if found["message"] else [Passage.from_dict(one) for one in found["passages"]]

    async def search(
        self, row: KnowledgeBase, options: RagMethodConfig, variants: list[str], query: str
    ) -> list[dict[str, Any]]:
        """Return what each variant finds; builds the index first if there is none.

        Raises:
            InvalidInput: if the embedding model cannot be had.
            Unavailable: if the search fails.
        """
        request = {**_request("search", row, options), "variants": variants, "query": query}
        found: list[dict[str, Any]] = (await self._process.ask(request))["variants"]
        return found


def _request(kind: str, row: KnowledgeBase, options: RagMethodConfig) -> dict[str, Any]:
    return {"kind": kind, "knowledge_base_id": str(row.id), "options": options.model_dump(mode="json")}


def _name(version: str, options: RagMethodConfig) -> str:
    folder = local_model(options.embedding_model)
    return "" if folder is None else Recipe(version, chunking_of(options), folder).name


def _chunks(root: Path, name: str) -> int | None:
    try:
        return int(json.loads((root / name / "manifest.json").read_text(encoding="utf-8"))["chunks"])
    except (OSError, ValueError, LookupError):
        return None

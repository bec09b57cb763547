"""Indexes for the API: their state, building them, searching them."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.core.errors import AppError, InvalidInput
from app.domain.passages import Passage
from app.models import KnowledgeBase
from app.schemas.retrieval_config import RetrievalConfig
from app.services.knowledge import search_worker
from app.services.knowledge.retriever_factory import EMBEDDING_SETTING, chunking_of, require_model_here
from app.services.knowledge.search_client import SearchClient
from app.services.knowledge.searching import VariantResult
from app.services.local_models.files import local_model
from app.services.rag.index import Recipe
from app.services.runtime import Runtime

State = Literal["absent", "building", "built", "failed"]
_BUILDER_IDLE_S = 60.0


@dataclass(slots=True)
class IndexState:
    """The state of one index.

    Attributes:
        name: of the index.
        state: whether it exists, is being built, or could not be built.
        done: chunks that the build at work has embedded.
        total: chunks that it has to embed.
        chunks: of the index; ``None`` before it is built.
        message: why the build failed.
        ended: set when the build has ended, whether it succeeded or not.
    """

    name: str
    state: State
    done: int = 0
    total: int = 0
    chunks: int | None = None
    message: str = ""
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class KnowledgeIndexes:
    """The indexes of this machine; one object for the whole API, which owns the two search processes."""

    def __init__(self, runtime: Runtime) -> None:
        self._root = runtime.settings.index_dir
        self._searcher = SearchClient(runtime.settings)
        self._builder = SearchClient(runtime.settings, idle_s=_BUILDER_IDLE_S)
        self._turn = asyncio.Lock()  # one build at a time, since each uses all cores
        self._at_work: IndexState | None = None
        self._builds: dict[str, IndexState] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """End the processes; an unfinished build continues at the next request for it."""
        for task in self._tasks:
            task.cancel()
        await self._searcher.aclose()
        await self._builder.aclose()

    async def state(self, row: KnowledgeBase, options: RetrievalConfig) -> IndexState:
        """Return the state of the index that these options describe."""
        name = await asyncio.to_thread(_name, row.version, options)
        chunks = await asyncio.to_thread(_chunks, self._root, name)
        if chunks is not None:
            self._builds.pop(name, None)
            return IndexState(name, "built", chunks=chunks)
        state = self._builds.get(name, IndexState(name, "absent"))
        if state is self._at_work:
            state.done, state.total = self._builder.progress
        return state

    async def build(self, row: KnowledgeBase, options: RetrievalConfig) -> IndexState:
        """Start to build the index that these options describe, unless it exists or is being built.

        Raises:
            InvalidInput: if the embedding model is not available.
        """
        await asyncio.to_thread(require_model_here, options.embedding_model, EMBEDDING_SETTING)
        state = await self.state(row, options)
        if state.state in {"absent", "failed"}:
            state = self._builds[state.name] = IndexState(state.name, "building")
            task = asyncio.create_task(self._build(row, options, state))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return state

    async def _build(self, row: KnowledgeBase, options: RetrievalConfig, state: IndexState) -> None:
        try:
            async with self._turn:
                self._at_work = state
                state.chunks = await self._builder.call(search_worker.build, row.id, options)
                state.state = "built"
        except AppError as error:
            state.state, state.message = "failed", error.message
        finally:
            state.ended.set()

    async def passages_at_once(
        self, row: KnowledgeBase, options: RetrievalConfig, query: str
    ) -> Sequence[Passage] | None:
        """Return the passages for ``query``; ``None`` if that needs an index built or models loaded first.

        Models that are missing are loaded in the background, for the next call.
        """
        if (await self.state(row, options)).state != "built":
            return None
        if not self._searcher.running:
            task = asyncio.create_task(self._searcher.start())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return None
        try:
            (found,) = await self.search(row, options, [options.variant], query)
        except AppError:
            return None
        return None if found.message else found.passages

    async def search(
        self, row: KnowledgeBase, options: RetrievalConfig, variants: list[str], query: str
    ) -> list[VariantResult]:
        """Return the passages that each variant finds; builds the index first if there is none.

        If the model of a variant is not available, the result of that variant says so.

        Raises:
            Unavailable: if the search fails.
        """
        with suppress(InvalidInput):  # the result of each variant will say so
            state = await self.build(row, options)
            if state.state == "building":
                await state.ended.wait()
        return await self._searcher.call(search_worker.search, row.id, options, variants, query)


def _name(version: str, options: RetrievalConfig) -> str:
    folder = local_model(options.embedding_model)
    return "" if folder is None else Recipe(version, chunking_of(options), folder).name


def _chunks(root: Path, name: str) -> int | None:
    try:
        return int(json.loads((root / name / "manifest.json").read_text(encoding="utf-8"))["chunks"])
    except (OSError, ValueError, LookupError):
        return None

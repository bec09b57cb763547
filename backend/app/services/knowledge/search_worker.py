"""The functions that run in a search process, on the indexes and models that it has open."""

import asyncio
import uuid
from multiprocessing.sharedctypes import SynchronizedArray

from app.core.config import Settings
from app.core.logging import configure_logging
from app.core.processes import die_with_parent
from app.schemas.retrieval_config import RetrievalConfig
from app.services.knowledge.searching import KnowledgeSearch, VariantResult
from app.services.runtime import open_runtime

# State of this process. All calls share one event loop, to which the database connections belong.
_runner = asyncio.Runner()
_search: KnowledgeSearch
_progress: "SynchronizedArray[int]"


def start(settings: Settings, progress: "SynchronizedArray[int]") -> None:
    """Prepare this process; a build writes its progress to ``progress``: chunks done, chunks in all."""
    global _search, _progress
    die_with_parent()
    configure_logging(settings.log_level, settings.log_format)
    _search, _progress = KnowledgeSearch(open_runtime(settings)), progress


def build(knowledge_base_id: uuid.UUID, options: RetrievalConfig) -> int:
    """Build an index, unless it exists, and return its number of chunks."""
    _tell(0, 0)
    return _runner.run(_search.build(knowledge_base_id, options, _tell))


def search(
    knowledge_base_id: uuid.UUID, options: RetrievalConfig, variants: list[str], query: str
) -> list[VariantResult]:
    """Return the passages that each variant finds; builds the index first if there is none."""
    return _runner.run(_search.search(knowledge_base_id, options, variants, query))


def _tell(done: int, total: int) -> None:
    _progress[:] = [done, total]

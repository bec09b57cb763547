"""Adding, finding and browsing knowledge bases."""

import asyncio
import uuid
from collections.abc import Sequence
from mmap import mmap
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput, NotFound
from app.core.logging import get_logger
from app.domain.passages import Article as ArticleNoun
from app.domain.passages import articles_version
from app.models import Article, KnowledgeBase
from app.services.imports.files import File, clean_filename, require_name
from app.services.knowledge.checks import warnings_of
from app.services.knowledge.importers import load_builtin, parse_articles
from app.services.knowledge.repository import KnowledgeRepository

log = get_logger(__name__)


class Added(NamedTuple):
    """What an import has done.

    Attributes:
        base: as it is stored.
        created: whether it is new: content that is stored already keeps its version.
        warnings: sentences on what may be wrong with the files.
    """

    base: KnowledgeBase
    created: bool
    warnings: tuple[str, ...]


class KnowledgeService:
    """Adds, finds and reads knowledge bases; commits its changes."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._repository = KnowledgeRepository(session)

    async def add_files(self, name: str, given: Sequence[tuple[str, bytes | mmap]]) -> Added:
        """Import files, given as pairs of name and content, as a version of ``name``.

        Raises:
            InvalidInput: naming the wrong fields or lines; nothing is stored then.
        """
        require_name(name, "a knowledge base")
        files = [File(clean_filename(filename), data) for filename, data in given]
        articles = await asyncio.to_thread(parse_articles, files)
        source = ", ".join(file.name for file in files[:3]) + (", …" if len(files) > 3 else "")
        row, created = await self.add(name, articles, source=source)
        return Added(row, created, tuple(await asyncio.to_thread(warnings_of, articles)))

    async def add(
        self,
        name: str,
        articles: Sequence[ArticleNoun],
        description: str = "",
        licence: str = "",
        source: str = "",
    ) -> tuple[KnowledgeBase, bool]:
        """Store a knowledge base, unless this version exists; return it, and whether it is new."""
        version = await asyncio.to_thread(articles_version, articles)
        await self._repository.lock_name(name)
        found = await self._repository.find(name, version)
        if found is not None:
            await self._session.commit()  # releases the lock
            return found, False
        row = KnowledgeBase(
            id=uuid.uuid4(),
            name=name,
            version=version,
            description=description,
            licence=licence,
            source=source,
            size=len(articles),
        )
        await self._repository.add(row, articles)
        await self._session.commit()
        log.info("knowledge_base_added", knowledge_base=name, version=version, size=row.size)
        return row, True

    async def add_builtin(self, folder: Path) -> None:
        """Store the knowledge base that ships with the project, unless it exists."""
        for path in sorted(folder.glob("*.json")):  # noqa: ASYNC240 - at start, before any request
            about, articles = load_builtin(path)
            await self.add(articles=articles, **about)

    async def list_all(self) -> Sequence[KnowledgeBase]:
        """Return all versions of all knowledge bases."""
        return await self._repository.list_all()

    async def get(self, name: str, version: str | None = None) -> KnowledgeBase:
        """Return a knowledge base.

        Raises:
            NotFound: if there is none.
        """
        found = await self._repository.find(name, version)
        if found is None:
            raise NotFound(
                f"There is no knowledge base {name!r}.", hint="GET /api/v1/knowledge-bases lists them."
            )
        return found

    async def require(
        self, name: str, version: str | None = None, where: str = "method.knowledge_base"
    ) -> KnowledgeBase:
        """Return a knowledge base.

        Raises:
            InvalidInput: for the field ``where``, if there is none; lists the names of all.
        """
        found = await self._repository.find(name, version)
        if found is None:
            names = await self._repository.names()
            known = f"There are: {', '.join(names)}." if names else "There are none yet."
            raise InvalidInput(
                f"There is no knowledge base {name!r}" + (f" with version {version}." if version else "."),
                hint=f"{known} Add one with `llmforge kb add NAME FILE`.",
                errors=[FieldError(where, f"no knowledge base {name!r}")],
            )
        return found

    async def articles(
        self, knowledge_base_id: uuid.UUID, text: str, after: int, limit: int
    ) -> tuple[Sequence[Article], int]:
        """Return up to ``limit`` articles beyond position ``after``, and how many match ``text`` in all."""
        rows = await self._repository.articles(knowledge_base_id, text, after, limit)
        return rows, await self._repository.count(knowledge_base_id, text)

    async def all_articles(self, knowledge_base_id: uuid.UUID) -> list[ArticleNoun]:
        """Return all articles, to build an index from."""
        return await self._repository.all_articles(knowledge_base_id)


def builtin_versions(folder: Path) -> set[tuple[str, str]]:
    """Return name and version of each knowledge base that ships with the project.

    Raises:
        InvalidInput: naming a file that cannot be read.
    """
    bases = map(load_builtin, folder.glob("*.json"))
    return {(about["name"], articles_version(articles)) for about, articles in bases}

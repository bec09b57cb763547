"""SQL of knowledge bases and articles."""

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, insert, or_, select
from sqlalchemy.sql.functions import count

from app.domain.passages import Article as ArticleNoun
from app.domain.passages import Section
from app.models import Article, KnowledgeBase
from app.services.imports.versioned_repository import VersionedRepository

_ROWS_AN_INSERT = 500


class KnowledgeRepository(VersionedRepository[KnowledgeBase]):
    """Reads and writes knowledge bases within the given session; never commits."""

    table = KnowledgeBase

    async def add(self, row: KnowledgeBase, articles: Sequence[ArticleNoun]) -> KnowledgeBase:
        """Store a knowledge base with its articles."""
        self._session.add(row)
        await self._session.flush()
        for start in range(0, len(articles), _ROWS_AN_INSERT):
            values = [
                {
                    "knowledge_base_id": row.id,
                    "position": start + offset,
                    "key": article.key,
                    "title": article.title,
                    "sections": [
                        {"heading": section.heading, "text": section.text} for section in article.sections
                    ],
                }
                for offset, article in enumerate(articles[start : start + _ROWS_AN_INSERT])
            ]
            await self._session.execute(insert(Article), values)
        await self._session.refresh(row)
        return row

    async def articles(
        self, knowledge_base_id: uuid.UUID, text: str, after: int, limit: int
    ) -> Sequence[Article]:
        """Return up to ``limit`` articles beyond ``after`` with all words of ``text`` in title or id."""
        query = select(Article).where(
            Article.knowledge_base_id == knowledge_base_id, Article.position > after, *_having(text)
        )
        return (await self._session.execute(query.order_by(Article.position).limit(limit))).scalars().all()

    async def count(self, knowledge_base_id: uuid.UUID, text: str) -> int:
        """Return the number of articles with all words of ``text`` in title or id."""
        query = select(count()).where(Article.knowledge_base_id == knowledge_base_id, *_having(text))
        return await self._session.scalar(query) or 0

    async def all_articles(self, knowledge_base_id: uuid.UUID) -> list[ArticleNoun]:
        """Return all articles as domain objects, in file order."""
        query = select(Article.key, Article.title, Article.sections)
        query = query.where(Article.knowledge_base_id == knowledge_base_id).order_by(Article.position)
        return [
            ArticleNoun(key, title, tuple(Section(part["heading"], part["text"]) for part in sections))
            for key, title, sections in await self._session.execute(query)
        ]


def _having(text: str) -> list[ColumnElement[bool]]:
    return [
        or_(Article.title.icontains(word, autoescape=True), Article.key.icontains(word, autoescape=True))
        for word in text.split()
    ]

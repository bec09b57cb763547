"""Wire types of knowledge bases, their indexes, and searches."""

import uuid
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.common import Strict, Text
from app.schemas.method_config import RagMethodConfig

Variant = Literal["naive", "hybrid", "reranked"]
_MAX_QUERY_CHARS = 2_000


class KnowledgeBaseOut(BaseModel):
    """One version of a knowledge base."""

    id: uuid.UUID
    name: str
    version: str = Field(description="Hash of its articles, 16 hex digits.")
    description: str
    licence: str
    source: str
    size: int = Field(description="Articles.")
    created_at: datetime


class KnowledgeBaseAdded(KnowledgeBaseOut):
    """An imported knowledge base."""

    created: bool = Field(description="False if this very content was there before.")


class SectionOut(BaseModel):
    """A part of an article."""

    heading: str
    text: str


class ArticleOut(BaseModel):
    """An article of a knowledge base."""

    id: int
    position: int
    key: str
    title: str
    sections: list[SectionOut]


class IndexIn(Strict):
    """Which index: of `options` the chunking and the embedding model count."""

    version: Text | None = Field(default=None, max_length=64, description="The newest if left out.")
    options: RagMethodConfig = RagMethodConfig(name="rag")


class IndexOut(BaseModel):
    """An index on this machine, or one that is being built."""

    name: str = Field(description="Hash of all that decides it.")
    state: Literal["absent", "building", "built", "failed"]
    done: int = Field(description="Chunks that have their vector, while it is being built.")
    total: int = Field(description="Chunks that need one; 0 if unknown.")
    chunks: int | None = Field(description="In all; null before it is built.")
    message: str = Field(description="What went wrong, if something did.")


class SearchIn(IndexIn):
    """A query, and how to search for it."""

    query: Text = Field(min_length=1, max_length=_MAX_QUERY_CHARS)
    variants: list[Variant] = Field(
        default=["naive", "hybrid", "reranked"],
        min_length=1,
        max_length=3,
        description="To set side by side.",
    )


class HitOut(BaseModel):
    """What one stage said of a chunk."""

    rank: int = Field(description="From 1.")
    score: float = Field(
        description="Cosine (dense), BM25 (bm25), sum (fused), or the reranker's own scale (reranked)."
    )


class PassageOut(BaseModel):
    """A chunk that was found."""

    id: str
    article: str
    title: str
    section: str
    text: str
    start: int = Field(
        description="Offset in the article's text, whose sections are set apart by two line ends."
    )
    end: int
    dropped: bool = Field(description="Left out of the prompt, which would have been too long.")
    stages: dict[str, HitOut] = Field(description="By stage: dense, bm25, fused, reranked.")


class VariantOut(BaseModel):
    """What one variant found."""

    variant: Variant
    passages: list[PassageOut]
    milliseconds: dict[str, float] = Field(description="By stage.")
    message: str = Field(description="Why there is nothing, if the variant cannot be had.")


class SearchOut(BaseModel):
    """What was found, by variant, in the order that was asked for."""

    query: str
    version: str
    variants: list[VariantOut]

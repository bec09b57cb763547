"""Wire types of knowledge bases, their indexes, and searches."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from app.schemas.common import FromAttributes, Strict, Text
from app.schemas.method_config import RagMethodConfig

Variant = Literal["naive", "hybrid", "reranked"]
_MAX_QUERY_CHARS = 2_000


class KnowledgeBaseOut(FromAttributes):
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

    created: bool = Field(description="False if this version existed already.")
    warnings: list[str] = Field(description="What may be wrong with the files, for a person to read.")


class SectionOut(BaseModel):
    """A part of an article."""

    heading: str
    text: str


class ArticleOut(FromAttributes):
    """An article of a knowledge base."""

    id: int
    position: int
    key: str
    title: str
    sections: list[SectionOut]


class IndexIn(Strict):
    """An index of a knowledge base; of `options`, the chunking and the embedding model decide which."""

    version: Text | None = Field(default=None, max_length=64, description="The newest if left out.")
    options: RagMethodConfig = RagMethodConfig(name="rag")


class IndexOut(FromAttributes):
    """An index on this machine, or one that is being built."""

    name: str = Field(description="Hash of the articles, the chunking and the embedding model.")
    state: Literal["absent", "building", "built", "failed"]
    done: int = Field(description="Chunks embedded so far, while it is being built.")
    total: int = Field(description="Chunks to embed; 0 if unknown.")
    chunks: int | None = Field(description="Chunks in the built index; null before.")
    message: str = Field(description="The error, if building failed; else empty.")


def _not_blank(query: str) -> str:
    if not any(character.isprintable() and not character.isspace() for character in query):
        raise ValueError("is blank: give a question or words")
    return query


class SearchIn(IndexIn):
    """A query, and the retrieval variants to run it with."""

    query: Annotated[Text, AfterValidator(_not_blank)] = Field(min_length=1, max_length=_MAX_QUERY_CHARS)
    variants: list[Variant] = Field(
        default=["naive", "hybrid", "reranked"],
        min_length=1,
        max_length=3,
        description="The variants to compare.",
    )


class HitOut(BaseModel):
    """Rank and score of a chunk at one stage of the retrieval."""

    rank: int = Field(description="From 1.")
    score: float = Field(
        description="Cosine (dense), BM25 (bm25), sum (fused), or the reranker's own scale (reranked)."
    )


class PassageOut(BaseModel):
    """A retrieved chunk."""

    id: str
    article: str
    title: str
    section: str
    text: str
    start: int = Field(description="Offset in the article's text, whose sections are joined by two newlines.")
    end: int
    dropped: bool = Field(description="Left out of the prompt, which would have become too long.")
    stages: dict[str, HitOut] = Field(description="By stage: dense, bm25, fused, reranked.")


class VariantOut(BaseModel):
    """The passages that one variant retrieved."""

    variant: Variant
    passages: list[PassageOut]
    milliseconds: dict[str, float] = Field(description="Time of each stage.")
    message: str = Field(description="Why the variant cannot be used; else empty.")


class SearchOut(BaseModel):
    """The passages of each variant, in the order of the request."""

    query: str
    version: str
    variants: list[VariantOut]

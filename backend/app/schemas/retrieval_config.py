"""How passages of a knowledge base are found: what the methods that retrieve have in common."""

from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.schemas.common import Integer, Number, Strict, Text

EMBEDDING_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
RERANKER = "cross-encoder/ms-marco-MiniLM-L-6-v2"


class RetrievalConfig(Strict):
    """How passages of a knowledge base are found."""

    variant: Literal["naive", "hybrid", "reranked"] = Field(
        default="hybrid",
        description="naive: dense retrieval by embeddings; hybrid: dense and BM25, fused; "
        "reranked: hybrid, then a cross-encoder.",
    )
    knowledge_base: Text = Field(default="encyclopedia", min_length=1, max_length=100)
    version: Text | None = Field(
        default=None, description="Of the knowledge base, hex digits; the newest if left out."
    )
    top_k: Integer = Field(default=5, ge=1, le=50, description="Passages in the prompt.")
    dense_candidates: Integer = Field(
        default=10, ge=1, le=200, description="Passages that dense retrieval gives to the fusion."
    )
    word_candidates: Integer = Field(
        default=10, ge=1, le=200, description="Passages that BM25 gives to the fusion."
    )
    similarity_floor: Number | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="Lowest cosine similarity of a passage from dense retrieval; no limit if left out.",
    )
    fusion: Literal["scores", "ranks"] = Field(
        default="scores", description="scores: their weighted sum; ranks: reciprocal rank fusion."
    )
    dense_weight: Number = Field(
        default=0.4,
        ge=0,
        le=1,
        description="Weight of dense retrieval in a fusion by scores; BM25 has the rest.",
    )
    chunk_tokens: Integer = Field(
        default=256,
        ge=32,
        le=8192,
        description="Tokens of a chunk with its title, as the embedding model counts them.",
    )
    chunk_overlap: Integer = Field(
        default=50, ge=0, le=4096, description="Tokens that neighbouring chunks share, at most."
    )
    embedding_model: Text = Field(
        default=EMBEDDING_MODEL,
        min_length=1,
        max_length=500,
        description="Folder, or id on the Hugging Face Hub.",
    )
    reranker: Text = Field(
        default=RERANKER, min_length=1, max_length=500, description="Folder, or id on the Hugging Face Hub."
    )

    @model_validator(mode="after")
    def _overlap_fits(self) -> Self:
        if self.chunk_overlap > self.chunk_tokens // 2:
            problem = PydanticCustomError(
                "overlap_too_large",
                "must be at most half of chunk_tokens ({size})",
                {"size": self.chunk_tokens},
            )
            where = InitErrorDetails(type=problem, loc=("chunk_overlap",), input=self.chunk_overlap)
            raise ValidationError.from_exception_data(type(self).__name__, [where])
        return self

"""The tiny models that tests outside of the retrieval room use, and a knowledge base for them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.services.rag import tiny

LABELS = {0: "entailment", 1: "neutral", 2: "contradiction"}


@dataclass(frozen=True, slots=True)
class TinyModels:
    """Folders of models; see ``tests.services.rag.tiny``."""

    embedding: Path
    reranker: Path
    nli: Path

    def rag(self, **fields: Any) -> dict[str, Any]:
        """Return a configuration of retrieval with these models."""
        return {
            "name": "rag",
            "knowledge_base": "towers",
            "embedding_model": str(self.embedding),
            "reranker": str(self.reranker),
            "chunk_tokens": 48,
            "chunk_overlap": 8,
            **fields,
        }


def make_tiny_models(folder: Path) -> TinyModels:
    """Make all models in ``folder``."""
    return TinyModels(
        tiny.make_embedding_model(folder / "embedding"),
        tiny.make_reranker(folder / "reranker"),
        make_nli(folder / "nli"),
    )


def make_nli(folder: Path, labels: dict[int, str] = LABELS) -> Path:
    """Write a model of natural language inference of one layer into ``folder``."""
    from transformers import BertForSequenceClassification

    names = {label: number for number, label in labels.items()}
    network = tiny._seeded(
        BertForSequenceClassification, 5, num_labels=len(labels), id2label=labels, label2id=names
    )
    network.save_pretrained(folder)
    tiny._wrapped().save_pretrained(folder)
    return folder


ARTICLES = [
    {"id": "tall", "title": "Tall Tower", "text": "The tall tower was built by thing 1 in the north city."},
    {"id": "old", "title": "Old Castle", "text": "The old castle is long. The king found thing 2 in it."},
    {"id": "ship", "title": "Great Ship", "text": "A great ship was built. The queen wrote of the ship."},
]
"""Of a knowledge base that holds the answers to items 1 and 2 of the dataset ``quiz``."""


def articles_jsonl(rows: list[dict[str, str]] = ARTICLES) -> bytes:
    """Return articles as a file."""
    return b"\n".join(orjson.dumps(row) for row in rows)

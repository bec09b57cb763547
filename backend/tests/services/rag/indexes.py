"""Articles, and what builds an index of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.domain.passages import Article, Chunk, articles_version
from app.services.rag.chunking import Chunker, Chunking
from app.services.rag.embedding import Embedder
from app.services.rag.index import Progress, Recipe, open_index
from tests.services.rag import tiny

CHUNKING = Chunking(32, 8)
ARTICLES = [
    tiny.article("river", "The river is long. " * 9, "It was found in the north. " * 3, title="The River"),
    tiny.article("king", "A king was born in the castle. He died in the tower.", title="The King"),
    tiny.article(
        "été", "Poem — “été” 東京.\nThe queen wrote a great poem of the sea. " * 4, headings=["Été"]
    ),
    tiny.article("bare", "A ship was built. " * 12),
]


class Spy(Embedder):
    """An embedder that tells what it was asked to embed."""

    def __init__(self, folder: Path, max_tokens: int = CHUNKING.size, *, batch: int = 100) -> None:
        super().__init__(folder, max_tokens, batch=batch)
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str], done: Any) -> None:
        self.asked += texts
        super().embed(texts, done)


def recipe_of(articles: Sequence[Article], model: Path) -> Recipe:
    return Recipe(articles_version(articles), CHUNKING, model)


def chunks_of(articles: Sequence[Article]) -> list[Chunk]:
    chunker = Chunker(tiny.tokenizer(), CHUNKING)
    return [chunk for article in articles for chunk in chunker.chunks(article)]


def searched(articles: Sequence[Article]) -> set[str]:
    return {chunk.searched for chunk in chunks_of(articles)}


def build(
    root: Path,
    articles: Sequence[Article],
    embedder: Embedder,
    model: Path,
    progress: Progress | None = None,
    **how: int,
) -> list[Chunk]:
    """Return the chunks that the index reads back."""
    index = open_index(root, recipe_of(articles, model), embedder, lambda: articles, progress, **how)
    found = list(index.all_chunks())
    index.close()
    return found

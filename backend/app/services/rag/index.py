"""The index of a knowledge base: built once, named by the hash of its inputs, then only read.

Objects
    *Recipe*: the inputs of an index: version of the articles, chunking, embedding model. Its hash is
    the name of the index, so that another input is another index, and processes that need the same
    index use the same folder.
    *Folder*: a Chroma collection (chunks, metadata, vectors), the BM25 matrix, and a manifest, which
    is written last. It is built under a temporary name and renamed when complete, so that a folder
    with its final name is complete. A file lock lets one process build while others wait.
    *Vectors* (``vectors.py``) are kept apart from the folders: no text is embedded twice, even when a
    build was killed or the knowledge base has changed.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from filelock import FileLock, Timeout

from app.domain.hashing import content_hash
from app.domain.json import JsonObject
from app.domain.passages import Article, Chunk
from app.services.local_models.files import fingerprint
from app.services.rag.bm25 import Bm25Index, words_of
from app.services.rag.chunking import Chunker, Chunking, load_tokenizer
from app.services.rag.embedding import Embedder
from app.services.rag.vectors import Vectors, VectorStore

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

FORMAT = 2
"""Version of the folder's format; raise it when the content changes, so that old indexes are rebuilt."""
_NAME_LENGTH = 24
_LOCK_POLL_S = 0.5  # between checks whether another process has finished the build
_INSERT = 1000  # rows in one insert into Chroma
_PAGE = 5000  # rows in one read
_chroma_lock = threading.Lock()  # Chroma counts the clients of a folder, and not thread-safely
# Parameters of the approximate search, far above the defaults, so that it misses a negligible share
# (measured in docs/benchmarks.md).
_HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}


class Progress(Protocol):
    """Receives the progress of a build in chunks that have their vector; may raise to stop the build."""

    def __call__(self, done: int, total: int) -> None:
        """Receive the progress."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """The inputs of an index.

    Attributes:
        version: of the knowledge base.
        chunking: how articles are cut into chunks.
        model: folder of the embedding model.
    """

    version: str
    chunking: Chunking
    model: Path

    @property
    def name(self) -> str:
        """Name of the index; hashes the model's files the first time."""
        parts = [FORMAT, self.version, self.chunking.as_dict(), fingerprint(self.model)]
        return content_hash(parts)[:_NAME_LENGTH]

    def embedder(self) -> Embedder:
        """Return an embedder for this index."""
        return Embedder(self.model, self.chunking.size)


class KnowledgeIndex:
    """A complete index, opened for searching by vector and by words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: JsonObject = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.words = Bm25Index.load(folder / "bm25")
        self._client = _chroma(folder)
        self._collection = self._client.get_collection(folder.name, embedding_function=None)

    @property
    def size(self) -> int:
        """Number of chunks."""
        return int(self.manifest["chunks"])

    def nearest(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """Return the ``count`` chunks nearest to a vector of norm 1, with the cosine, best first."""
        if not self.size:
            return []
        found = self._collection.query(
            query_embeddings=[vector], n_results=min(count, self.size), include=["distances"]
        )
        hits = zip(found["ids"][0], found["distances"][0], strict=True)
        ranked = [(int(number), 1.0 - float(distance)) for number, distance in hits]
        return sorted(ranked, key=lambda hit: (-hit[1], hit[0]))

    def similarities(self, vector: Vectors, numbers: Sequence[int]) -> dict[int, float]:
        """Return the cosine of a vector of norm 1 with each of the chunks in ``numbers``."""
        if not numbers:
            return {}
        found = self._collection.get(ids=[str(number) for number in numbers], include=["embeddings"])
        cosines = np.asarray(found["embeddings"], dtype=np.float32) @ vector
        return {int(number): float(cosine) for number, cosine in zip(found["ids"], cosines, strict=True)}

    def chunks(self, numbers: Sequence[int]) -> dict[int, Chunk]:
        """Return chunks by number."""
        if not numbers:
            return {}
        found = self._collection.get(ids=[str(n) for n in numbers], include=["documents", "metadatas"])
        rows = zip(found["ids"], found["documents"], found["metadatas"], strict=True)
        return {int(number): _chunk(document, metadata) for number, document, metadata in rows}

    def all_chunks(self, page: int = _PAGE) -> Iterable[Chunk]:
        """Yield all chunks by number, read ``page`` at a time."""
        for start in range(0, self.size, page):
            numbers = range(start, min(start + page, self.size))
            found = self.chunks(numbers)
            yield from (found[number] for number in numbers)

    def close(self) -> None:
        """Close the files."""
        with _chroma_lock:
            self._client.close()


def is_built(root: Path, recipe: Recipe) -> bool:
    """Return whether the index exists on this machine."""
    return (root / recipe.name / "manifest.json").is_file()


def open_index(
    root: Path,
    recipe: Recipe,
    embedder: Embedder,
    articles: Callable[[], Iterable[Article]],
    progress: Progress | None = None,
    *,
    insert: int = _INSERT,
) -> KnowledgeIndex:
    """Return the index, built first if it does not exist; waits if another process is building it.

    Args:
        root: folder of all indexes.
        recipe: the inputs of the index.
        embedder: of the recipe; used only for a build.
        articles: returns the articles; called only for a build.
        progress: see ``Progress``.
        insert: chunks in one insert into the collection.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = root / recipe.name
    if not is_built(root, recipe):
        with _acquired(FileLock(root / f"{recipe.name}.lock"), progress):
            if not is_built(root, recipe):
                _build(root, folder, recipe, embedder, list(articles()), progress, insert)
    return KnowledgeIndex(folder)


@contextmanager
def _acquired(lock: FileLock, progress: Progress | None) -> Iterator[None]:
    """Hold the lock; while another process has it, ``progress`` gets (0, 0) and may raise to stop."""
    while True:
        try:
            lock.acquire(timeout=_LOCK_POLL_S)
            break
        except Timeout:
            if progress:
                progress(0, 0)
    try:
        yield
    finally:
        lock.release()


def _build(
    root: Path,
    folder: Path,
    recipe: Recipe,
    embedder: Embedder,
    articles: Sequence[Article],
    progress: Progress | None,
    insert: int,
) -> None:
    chunker = Chunker(load_tokenizer(recipe.model), recipe.chunking)
    chunks = [chunk for article in articles for chunk in chunker.chunks(article)]
    vectors = _vectors(root, embedder, [chunk.searched for chunk in chunks], progress) if chunks else None
    building = root / f"{recipe.name}.building"
    shutil.rmtree(building, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)  # incomplete, as it has no manifest
    building.mkdir()
    _fill_collection(building, folder.name, chunks, vectors, insert)
    Bm25Index.build([words_of(chunk.searched) for chunk in chunks]).save(building / "bm25")
    manifest = {
        "format": FORMAT,
        "version": recipe.version,
        "chunking": recipe.chunking.as_dict(),
        "model": fingerprint(recipe.model),
        "articles": len(articles),
        "chunks": len(chunks),
    }
    (building / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    building.rename(folder)


def _vectors(root: Path, embedder: Embedder, texts: Sequence[str], progress: Progress | None) -> Vectors:
    """Return the vectors of all texts; computes and stores those that no index has needed before."""
    with VectorStore(root / "vectors", embedder.identity, embedder.dimension) as store:
        missing = [text for text in dict.fromkeys(texts) if text not in store]
        total, done = len(missing), 0
        if progress:
            progress(0, total)

        def keep(places: Sequence[int], vectors: Vectors) -> None:
            nonlocal done
            store.add([missing[place] for place in places], vectors)
            done += len(places)
            if progress:
                progress(done, total)

        embedder.embed(missing, keep)
        return store.get(texts)


def _fill_collection(
    folder: Path, name: str, chunks: Sequence[Chunk], vectors: Vectors | None, insert: int
) -> None:
    client = _chroma(folder)
    try:
        collection = client.create_collection(name, embedding_function=None, configuration={"hnsw": _HNSW})
        for start in range(0, len(chunks), insert):
            part = chunks[start : start + insert]
            assert vectors is not None  # noqa: S101 - chunks have vectors
            collection.add(
                ids=[str(start + place) for place in range(len(part))],
                embeddings=vectors[start : start + insert],
                documents=[chunk.text for chunk in part],
                metadatas=[_metadata(chunk) for chunk in part],
            )
    finally:
        with _chroma_lock:
            client.close()


def _chroma(folder: Path) -> "ClientAPI":
    import chromadb
    from chromadb.config import Settings

    with _chroma_lock:
        return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))


def _metadata(chunk: Chunk) -> dict[str, str | int]:
    return {
        "id": chunk.id,
        "article": chunk.article,
        "title": chunk.title,
        "section": chunk.section,
        "start": chunk.start,
        "end": chunk.end,
    }


def _chunk(document: str, metadata: JsonObject) -> Chunk:
    return Chunk(text=document, **metadata)

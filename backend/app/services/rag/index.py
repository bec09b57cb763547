"""The index of a knowledge base: built once under a name made of its content, then only read.

Objects
    *Recipe*: what decides an index: the articles' version, how they are cut, the embedding model.
    Its hash is the index's name, so a change of any of them is another index, and two processes
    that want the same one mean the same folder.
    *Folder*: a Chroma collection (chunks, metadata, vectors), the BM25 matrix beside it, and a
    manifest, which is written last. It is built under another name and renamed when complete: what
    carries the name is whole. A lock lets one process build; the others wait, and then read.
    *Vectors* (``vectors.py``) outlive the folders: what was embedded once is not embedded again,
    after a kill in the middle as well as after a change of the knowledge base.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

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

FORMAT = 1
"""Of the folder; to be raised when what is built changes, so that old folders are built anew."""
_NAME_LENGTH = 24
_LOOK_S = 0.5  # between looks whether another process is done building
_INSERT = 1000  # rows that Chroma takes at a time
_PAGE = 5000  # rows that it gives at a time
_chroma_lock = threading.Lock()  # Chroma counts who has a folder open, and counts wrong among threads
# Of the approximate search: neighbours of a node, and nodes looked at. Far above the defaults, so that
# what is missed does not count (measured in docs/benchmarks.md).
_HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}


class Progress(Protocol):
    """Told how many of how many chunks have their vector; may raise to stop the building."""

    def __call__(self, done: int, total: int) -> None:
        """Take note."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides an index.

    Attributes:
        version: of the knowledge base's articles.
        chunking: how they are cut.
        model: folder of the embedding model.
    """

    version: str
    chunking: Chunking
    model: Path

    @property
    def name(self) -> str:
        """Name of the index; reads the model's files once."""
        parts = [FORMAT, self.version, self.chunking.as_dict(), fingerprint(self.model)]
        return content_hash(parts)[:_NAME_LENGTH]

    def embedder(self) -> Embedder:
        """Return what embeds for this index."""
        return Embedder(self.model, self.chunking.size)


class KnowledgeIndex:
    """An index that is complete: its chunks by vector, by words, and by number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: JsonObject = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.words = Bm25Index.load(folder / "bm25")
        self._client = _chroma(folder)
        self._collection = self._client.get_collection(folder.name, embedding_function=None)

    @property
    def size(self) -> int:
        """Chunks in all."""
        return int(self.manifest["chunks"])

    def nearest(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """Return the chunks nearest to a vector of length 1, with the cosine, best first."""
        if not self.size:
            return []
        found = self._collection.query(
            query_embeddings=[vector], n_results=min(count, self.size), include=["distances"]
        )
        hits = zip(found["ids"][0], found["distances"][0], strict=True)
        ranked = [(int(number), 1.0 - float(distance)) for number, distance in hits]
        return sorted(ranked, key=lambda hit: (-hit[1], hit[0]))

    def similarities(self, vector: Vectors, numbers: Sequence[int]) -> dict[int, float]:
        """Return the cosine of a vector of length 1 with each of some chunks."""
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
        """Give the files back."""
        with _chroma_lock:
            self._client.close()


def is_built(root: Path, recipe: Recipe) -> bool:
    """Whether the index is on this machine."""
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
    """Return the index, built if it is not there; waits if another process is building it.

    Args:
        root: folder of all indexes.
        recipe: which index.
        embedder: of the recipe; used only if the index has to be built.
        articles: gives the articles if they are needed.
        progress: see ``Progress``.
        insert: chunks that the collection is given at a time.
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
    """Hold the lock; while another process builds, ``progress`` is told of nothing, and may stop the wait."""
    while True:
        try:
            lock.acquire(timeout=_LOOK_S)
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
    shutil.rmtree(folder, ignore_errors=True)  # without a manifest: half a copy, or half deleted
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
    """Return the vectors of all texts; computes and keeps those that no index needed before."""
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
            assert vectors is not None  # noqa: S101 - there are vectors where there are chunks
            collection.add(
                ids=[str(start + place) for place in range(len(part))],
                embeddings=vectors[start : start + insert],
                documents=[chunk.text for chunk in part],
                metadatas=[_metadata(chunk) for chunk in part],
            )
    finally:
        with _chroma_lock:
            client.close()


def _chroma(folder: Path) -> Any:
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

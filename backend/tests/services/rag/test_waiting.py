"""Tests of waiting for an index that another process builds."""

import threading
from pathlib import Path

import pytest
from filelock import FileLock

from app.services.rag.chunking import Chunking
from app.services.rag.embedding import Embedder
from app.services.rag.index import Recipe, open_index
from tests.services.rag import tiny


def test_can_be_stopped(tmp_path: Path, embedding_model: Path, embedder: Embedder) -> None:
    recipe = Recipe("v", Chunking(32, 4), embedding_model)

    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with FileLock(tmp_path / f"{recipe.name}.lock"), pytest.raises(InterruptedError):
        open_index(tmp_path, recipe, embedder, list, stop)


def test_ends_when_the_other_is_done(tmp_path: Path, embedding_model: Path, embedder: Embedder) -> None:
    recipe = Recipe("v", Chunking(32, 4), embedding_model)
    told: list[tuple[int, int]] = []
    other = FileLock(tmp_path / f"{recipe.name}.lock", thread_local=False)
    other.acquire()
    timer = threading.Timer(1.2, other.release)
    timer.start()
    index = open_index(
        tmp_path,
        recipe,
        embedder,
        lambda: [tiny.article("a", "the king wrote")],
        lambda *progress: told.append(progress),
    )
    timer.join()
    assert index.size == 1
    assert told[0] == (0, 0)
    index.close()

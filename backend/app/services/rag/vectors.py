"""A store of vectors on disk, by the hash of their text.

Each embedding model has one file of numbers and one of keys. Both are only appended to, vectors before
their keys, so that what a killed process leaves is valid up to the shorter of the two. After a change of
a knowledge base, only chunks that no index had before are embedded.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
_KEY_BYTES = 32


def key_of(text: str) -> bytes:
    """Return the key of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class VectorStore:
    """The vectors of one embedding model; a context manager that holds the lock for writing.

    Args:
        folder: of the files.
        model: hash of everything that decides the vectors, ``Embedder.identity``.
        dimension: length of a vector.
    """

    def __init__(self, folder: Path, model: str, dimension: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._keys = folder / f"{model[:16]}.keys"
        self._numbers = folder / f"{model[:16]}.f32"
        self._lock = FileLock(folder / f"{model[:16]}.lock")
        self._dimension = dimension
        self._places: dict[bytes, int] = {}

    def __enter__(self) -> Self:
        self._lock.acquire()
        keys = self._keys.read_bytes() if self._keys.exists() else b""
        numbers = self._numbers.stat().st_size if self._numbers.exists() else 0
        size = min(len(keys) // _KEY_BYTES, numbers // self._row_bytes)
        for path, length in ((self._keys, size * _KEY_BYTES), (self._numbers, size * self._row_bytes)):
            path.touch()
            with path.open("r+b") as file:
                file.truncate(length)
        self._places = {keys[i * _KEY_BYTES : (i + 1) * _KEY_BYTES]: i for i in range(size)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    @property
    def _row_bytes(self) -> int:
        return 4 * self._dimension

    def __contains__(self, text: str) -> bool:
        return key_of(text) in self._places

    def add(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Store the vectors of ``texts``, shape ``(texts, dimension)``."""
        for path, data in (
            (self._numbers, np.ascontiguousarray(vectors, dtype=np.float32).tobytes()),
            (self._keys, b"".join(key_of(text) for text in texts)),
        ):
            with path.open("ab") as file:
                file.write(data)
        first = self._numbers.stat().st_size // self._row_bytes - len(texts)
        self._places.update((key_of(text), first + place) for place, text in enumerate(texts))

    def get(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of ``texts``, shape ``(texts, dimension)``.

        Raises:
            KeyError: if a text has no vector yet.
        """
        places = [self._places[key_of(text)] for text in texts]
        if not places:
            return np.empty((0, self._dimension), dtype=np.float32)
        numbers = np.memmap(self._numbers, dtype=np.float32, mode="r").reshape(-1, self._dimension)
        return np.array(numbers[places])

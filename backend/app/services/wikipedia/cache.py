"""A cache of answers on disk: one file for each request, replaced atomically."""

import hashlib
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import orjson

from app.domain.json import JsonObject
from app.services.wikipedia.answers import UNREADABLE, Page

DAY_S = 24 * 3600.0
T = TypeVar("T")


class AnswerCache:
    """The answers to requests.

    Args:
        folder: of the files.
        expires_s: seconds after which a page is requested again; a miss after a day at most.
    """

    def __init__(self, folder: Path, expires_s: float) -> None:
        self._folder = folder
        self._expires_s = expires_s

    def get(self, request: str, read: Callable[[JsonObject], T]) -> T | None:
        """Return the cached answer as ``read`` parses it; ``None`` if it is missing, old or broken."""
        try:
            kept = orjson.loads(self._path(request).read_bytes())
            value = read(kept["answer"])
            age_s = time.time() - kept["asked_at"]
        except (OSError, *UNREADABLE):
            return None
        hit = isinstance(value, Page) and value.id is not None
        expires_s = self._expires_s if hit else min(self._expires_s, DAY_S)
        return value if 0 <= age_s < expires_s else None

    def put(self, request: str, answer: JsonObject) -> None:
        """Store an answer; a concurrent reader sees either all of the old one or all of the new one."""
        path = self._path(request)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"request": request, "asked_at": time.time(), "answer": answer}
        new = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
        try:
            new.write_bytes(orjson.dumps(kept))
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)

    def _path(self, request: str) -> Path:
        name = hashlib.sha256(request.encode()).hexdigest()
        return self._folder / name[:2] / f"{name}.json"

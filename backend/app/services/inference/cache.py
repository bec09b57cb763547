"""Answers given once are not asked for again."""

from dataclasses import replace
from typing import Protocol

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.hashing import content_hash
from app.services.inference.base import Engine, EngineBase


class CacheStore(Protocol):
    """Where answers are kept."""

    async def get(self, key: str) -> GenerationResult | None:
        """Return the answer stored under ``key``, if there is one."""
        ...

    def put(self, key: str, model: str, result: GenerationResult) -> None:
        """Keep an answer; it may become durable a little later."""
        ...


def cache_key(request: GenerationRequest, fingerprint: str) -> str:
    """Return the hash of all that shapes an answer: model, messages, parameters, seed, repeat."""
    return content_hash(
        {
            "model": request.model,
            "fingerprint": fingerprint,
            "messages": [message.as_dict() for message in request.messages],
            "params": request.params.as_dict(),
            "seed": request.seed,
            "repeat": request.repeat,
            # Only where there are any, so that the answers of before there were any are still found.
            **({"constraint": request.constraint.as_dict()} if request.constraint else {}),
            **({"tools": [tool.as_dict() for tool in request.tools]} if request.tools else {}),
        }
    )


class CachingEngine(EngineBase):
    """Answers from the store where it can, and stores what it had to ask for.

    Args:
        read: false asks anew every time, and still stores the answers.
    """

    def __init__(self, inner: Engine, store: CacheStore, fingerprint: str, *, read: bool = True) -> None:
        self._inner = inner
        self._store = store
        self._fingerprint = fingerprint
        self._read = read

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        key = cache_key(request, self._fingerprint)
        if self._read:
            found = await self._store.get(key)
            if found is not None:
                return replace(found, cached=True, attempts=0, queue_s=0.0)
        result = await self._inner.generate(request)
        self._store.put(key, request.model, result)
        return result

    async def aclose(self) -> None:
        """Close the engine within."""
        await self._inner.aclose()

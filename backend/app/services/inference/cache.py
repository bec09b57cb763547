"""The response cache: a request that was answered before is not sent again."""

from dataclasses import replace
from typing import Protocol

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.hashing import content_hash
from app.services.inference.base import Engine, EngineBase


class CacheStore(Protocol):
    """Where responses are stored."""

    async def get(self, key: str) -> GenerationResult | None:
        """Return the response stored under ``key``; ``None`` if there is none."""
        ...

    def put(self, key: str, model: str, result: GenerationResult) -> None:
        """Store a response; it may reach the disk a little later."""
        ...


def cache_key(request: GenerationRequest, fingerprint: str) -> str:
    """Return the hash of everything that decides a response: model, messages, parameters, seed, repeat."""
    return content_hash(
        {
            "model": request.model,
            "fingerprint": fingerprint,
            "messages": [message.as_dict() for message in request.messages],
            "params": request.params.as_dict(),
            "seed": request.seed,
            "repeat": request.repeat,
            # Only where there are any: keys of responses from before these fields existed stay valid.
            **({"constraint": request.constraint.as_dict()} if request.constraint else {}),
            **({"tools": [tool.as_dict() for tool in request.tools]} if request.tools else {}),
        }
    )


_NO_ANSWER = frozenset({"content_filter", "safety", "error"})


def may_be_replayed(result: GenerationResult) -> bool:
    """Return whether a response is an answer: not ended by an error or a filter, nor cut before its start."""
    reason = (result.finish_reason or "").casefold()
    cut_before_its_start = result.cut_off and not result.text.strip() and not result.tool_calls
    return reason not in _NO_ANSWER and not cut_before_its_start


class CachingEngine(EngineBase):
    """Answers from the store where it can; otherwise asks the inner engine and stores the response.

    A response that is no answer is not stored: the next time it is asked for again.

    Args:
        inner: engine that is asked.
        store: where responses are stored.
        fingerprint: of the model, a part of each key.
        read: false: every request is sent, and the responses are stored all the same.
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
            request.clock.lap("lookup")
            if found is not None and may_be_replayed(found):
                return replace(found, cached=True, attempts=0, queue_s=0.0)
        result = await self._inner.generate(request)
        if may_be_replayed(result):
            self._store.put(key, request.model, result)
        return result

    async def aclose(self) -> None:
        """Close the inner engine."""
        await self._inner.aclose()

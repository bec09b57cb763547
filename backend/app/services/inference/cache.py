"""The response cache: a request that was answered before is not sent again."""

from dataclasses import replace
from typing import Protocol

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.hashing import content_hash
from app.services.inference.base import Engine, EngineBase


class CacheStore(Protocol):
    """Where responses are stored."""

    async def get(self, key: str) -> GenerationResult | None:
        """Return the response stored under ``key``, as it was or ready to be replayed; else ``None``."""
        ...

    def put(self, key: str, model: str, result: GenerationResult) -> None:
        """Store a response; it may reach the disk a little later."""
        ...


def cache_key(request: GenerationRequest, fingerprint: str, scope: str | None = None) -> str:
    """Return the hash of everything that decides a response: model, messages, parameters, seed, repeat.

    With a scope, only requests of the same one have the same key.
    """
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
            **({"scope": scope} if scope is not None else {}),
        }
    )


_NO_ANSWER = frozenset({"content_filter", "safety", "error"})


def may_be_replayed(result: GenerationResult) -> bool:
    """Return whether a response is an answer: not ended by an error or a filter, nor cut before its start."""
    reason = (result.finish_reason or "").casefold()
    cut_before_its_start = result.cut_off and not result.text.strip() and not result.tool_calls
    return reason not in _NO_ANSWER and not cut_before_its_start


def _replay(stored: GenerationResult) -> GenerationResult:
    return replace(stored, cached=True, attempts=0, queue_s=0.0, cache_tier="database")


class CachingEngine(EngineBase):
    """Answers from the store where it can; otherwise asks the inner engine and stores the response.

    A response that is no answer is neither stored nor replayed: the next time it is asked for again.

    Of two equal requests that are in flight at the same time, both are sent: the second one is seldom
    there, since repeats have keys of their own, and waiting for the first would tie its failure, its retries
    and its cancellation to the second. The response that is stored first stays.

    Args:
        inner: engine that is asked.
        store: where responses are stored.
        fingerprint: of the model, a part of each key.
        read: false: every request is sent, and the responses are stored all the same.
        scope: a part of each key; ``None``: responses are shared with all other requests without one.
    """

    def __init__(
        self,
        inner: Engine,
        store: CacheStore,
        fingerprint: str,
        *,
        read: bool = True,
        scope: str | None = None,
    ) -> None:
        self._inner = inner
        self._store = store
        self._fingerprint = fingerprint
        self._read = read
        self._scope = scope

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        key = cache_key(request, self._fingerprint, self._scope)
        if self._read:
            found = await self._store.get(key)
            request.clock.lap("lookup")
            if found is not None and may_be_replayed(found):
                return found if found.cached else _replay(found)
        result = await self._inner.generate(request)
        if may_be_replayed(result):
            self._store.put(key, request.model, result)
        return result

    async def aclose(self) -> None:
        """Close the inner engine."""
        await self._inner.aclose()

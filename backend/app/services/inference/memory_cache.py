"""Answers in memory, in front of the durable response cache: the least recently used are forgotten first."""

import uuid
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from threading import Lock

import orjson

from app.domain.generation import GenerationResult
from app.domain.generation_json import decode_result, encode_result

_ENTRY_BYTES = 250  # of an entry beside its text, measured: key, object and their places in the dictionaries


class MemoryCache:
    """Answers by the key of the response cache, bounded by number and by bytes.

    It may be used by several threads and coroutines. The first answer under a key stays, as in the durable
    cache. Answers are kept as JSON and read at the hit: the garbage collector, which looks at each object,
    has one that it need not follow for each answer, and nothing is copied for answers that are never used.

    Attributes:
        agrees_with: the version of the durable cache whose answers these are; see ``keep_in_step``.

    Args:
        max_entries: answers at most; 0: none are kept.
        max_bytes: of memory at most, about; 0: none are kept.
    """

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._answers: OrderedDict[str, bytes] = OrderedDict()
        self._used: dict[str, bool] = {}  # since the round began, the oldest use first: whether it is new
        self._bytes = 0
        self._lock = Lock()
        self.agrees_with: uuid.UUID | None = None

    @property
    def enabled(self) -> bool:
        """Whether it keeps anything."""
        return self._max_entries > 0 and self._max_bytes > 0

    @property
    def size(self) -> int:
        """Bytes of memory that the answers take, about."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._answers)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys, the least recently used first."""
        return iter(self._answers)

    def get(self, key: str) -> GenerationResult | None:
        """Return the answer under ``key``, marked as cached, with no attempts; ``None`` if it is not here."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is None:
                return None
            self._use(key)
        result = decode_result(orjson.loads(answer))
        return replace(result, cached=True, attempts=0, queue_s=0.0, cache_tier="memory")

    def use(self, key: str) -> None:
        """Note that the answer under ``key`` was used, if it is here: it is forgotten later than others."""
        with self._lock:
            if key in self._answers:
                self._use(key)

    def _use(self, key: str) -> None:
        self._answers.move_to_end(key)
        self._used[key] = self._used.pop(key, False)

    def add(self, key: str, result: GenerationResult) -> None:
        """Keep an answer, unless there is one under this key, or it alone is larger than all may be."""
        if self.enabled:
            self.add_encoded(key, encode_result(result))

    def add_encoded(self, key: str, answer: bytes) -> None:
        """Keep an answer that ``encode_result`` wrote; see ``add``."""
        size = _ENTRY_BYTES + len(answer)
        if not self.enabled or size > self._max_bytes:
            return
        with self._lock:
            if key in self._answers:
                return
            # A copy: what orjson returns occupies its whole buffer, 8 kB, for as long as it lives.
            self._answers[key] = bytes(memoryview(answer))
            self._used[key] = True
            self._bytes += size
            while self._bytes > self._max_bytes or len(self._answers) > self._max_entries:
                forgotten, old = self._answers.popitem(last=False)
                self._used.pop(forgotten, None)
                self._bytes -= _ENTRY_BYTES + len(old)

    def keep_in_step(self, version: uuid.UUID | None) -> None:
        """Forget all answers if the durable cache is of another version: some of its rows were deleted."""
        if version != self.agrees_with:
            self.clear()
            self.agrees_with = version

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._answers.clear()
            self._used.clear()
            self._bytes = 0

    # -- what a forked child hands back to its parent --------------------------------------------

    def begin_round(self) -> None:
        """Begin to note what is used from now on; see ``used``."""
        self._used.clear()

    def used(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield what was used since the round began, the oldest use first; new answers with their JSON."""
        for key, is_new in self._used.items():
            yield key, self._answers[key] if is_new else None

"""Answers in memory, in front of the durable response cache: the least recently used are forgotten first."""

import uuid
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from sys import getsizeof
from threading import Lock

from app.domain.generation import GenerationResult

_ENTRY_BYTES = 700  # of an entry beside its texts, measured: key, objects and their places in the dictionary


@dataclass(slots=True)
class _Entry:
    result: GenerationResult
    size: int
    added_in: int
    used_in: int


class MemoryCache:
    """Answers by the key of the response cache, bounded by number and by bytes.

    It may be used by several threads and coroutines. What it holds is ready to be replayed: marked as
    cached, with no attempts. The first answer under a key stays, as in the durable cache.

    Attributes:
        agrees_with: the version of the durable cache whose answers these are; see ``keep_in_step``.

    Args:
        max_entries: answers at most; 0: none are kept.
        max_bytes: of memory at most, about; 0: none are kept.
    """

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._bytes = 0
        self._round = 0
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
        return len(self._entries)

    def get(self, key: str) -> GenerationResult | None:
        """Return the answer under ``key``, ready to be replayed; ``None`` if it is not here."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._use(key, entry)
            return entry.result

    def add(self, key: str, result: GenerationResult) -> None:
        """Keep an answer, unless there is one under this key, or it alone is larger than all may be."""
        size = _size_of(result)
        if not self.enabled or size > self._max_bytes:
            return
        replay = replace(result, cached=True, attempts=0, queue_s=0.0, cache_tier="memory")
        with self._lock:
            if key in self._entries:
                return
            self._entries[key] = _Entry(replay, size, self._round, self._round)
            self._bytes += size
            while self._bytes > self._max_bytes or len(self._entries) > self._max_entries:
                self._bytes -= self._entries.popitem(last=False)[1].size

    def keep_in_step(self, version: uuid.UUID | None) -> None:
        """Forget all answers if the durable cache is of another version: some of its rows were deleted."""
        if version != self.agrees_with:
            self.clear()
            self.agrees_with = version

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    # -- what a forked child hands back to its parent --------------------------------------------

    def begin_round(self) -> None:
        """Begin to note what is used from now on; see ``used``."""
        self._round += 1

    def used(self) -> Iterator[tuple[str, GenerationResult | None]]:
        """Yield what was used since the round began, the oldest use first; new answers with their content."""
        recent = []
        for key, entry in reversed(self._entries.items()):
            if entry.used_in != self._round:
                break
            recent.append((key, entry.result if entry.added_in == self._round else None))
        return reversed(recent)

    def _use(self, key: str, entry: _Entry) -> None:
        entry.used_in = self._round
        self._entries.move_to_end(key)


def _size_of(result: GenerationResult) -> int:
    calls = sum(getsizeof(call.arguments) for call in result.tool_calls)
    return _ENTRY_BYTES + getsizeof(result.text) + getsizeof(result.thinking) + calls

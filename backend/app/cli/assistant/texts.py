"""Texts of others as an assistant is given them: every character shows, and lengths are bounded."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from app.core.visible import visible_to_models
from app.domain.json import JsonObject

T = TypeVar("T")

_MOST_ENTRIES = 50
"""Entries of a list or of an object."""
_DEEPEST = 12
"""Levels of nested JSON."""
_SENTENCE = 1_000
_NAME = 300


class Texts:
    """Bounds the texts of one answer.

    Args:
        longest: characters of one text.
        total: characters of all texts of the answer; those beyond are left out, with a note.
    """

    def __init__(self, longest: int, total: int = 60_000) -> None:
        self._longest = longest
        self._left = total

    def text(self, text: str, longest: int | None = None) -> str:
        """Return a text as it is shown, cut with a note at its end if it is too long."""
        most = min(self._longest if longest is None else longest, self._left)
        shown = visible_to_models(text[:most])
        self._left -= len(shown)
        return (
            shown if len(text) <= most else f"{shown} [cut by LlmForge: {len(text) - most:,} more characters]"
        )

    def maybe(self, text: str | None) -> str | None:
        """Return a text as it is shown; ``None`` stays."""
        return None if text is None else self.text(text)

    def name(self, text: str) -> str:
        """Return a short text, such as a name or a key, in one line."""
        return self.text(" ".join(text.split()), _NAME)

    def sentence(self, text: str) -> str:
        """Return a sentence of LlmForge, which may quote names, in one line."""
        return self.text(" ".join(text.split()), _SENTENCE)

    def sentences(self, lines: Iterable[str]) -> list[str]:
        """Return sentences, without empty ones and repetitions."""
        return [self.sentence(line) for line in few(dict.fromkeys(line for line in lines if line))]

    def json(self, value: object, depth: int = 0) -> object:
        """Return JSON with its texts as they are shown; long lists are cut, with a note as the last entry."""
        if isinstance(value, str):
            return self.text(value)
        if depth >= _DEEPEST and isinstance(value, Mapping | list | tuple):
            return "[left out by LlmForge: nested too deep]"
        if isinstance(value, Mapping):
            return self.object(value, depth)
        if isinstance(value, list | tuple):
            shown = [self.json(one, depth + 1) for one in value[:_MOST_ENTRIES]]
            more = len(value) - len(shown)
            return [*shown, f"[cut by LlmForge: {more:,} more entries]"] if more else shown
        return value

    def object(self, value: Mapping[str, object], depth: int = 0) -> JsonObject:
        """Return a JSON object with keys and texts as they are shown."""
        return {self.name(key): self.json(value[key], depth + 1) for key in few(value)}


def few(entries: Iterable[T]) -> list[T]:
    """Return the first entries, as many as one list of an answer has at most."""
    return [one for _, one in zip(range(_MOST_ENTRIES), entries, strict=False)]

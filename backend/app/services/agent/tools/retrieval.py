"""The search in a knowledge base as a tool."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.domain.passages import Passage
from app.services.agent.cutting import CUT, cut_lines, lost
from app.services.agent.tools.base import Found, ModelRetry, Parameter, Tool, quoted
from app.services.rag.base import Retriever

_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")  # what str.splitlines takes for one
MAX_PASSAGES = 10
"""No use gives more."""


class KnowledgeSearch(Tool):
    """Finds passages of a knowledge base.

    Args:
        retriever: what finds them; it may find fewer than are asked for.
        top_k: passages that are given if the model does not ask for a number, 1 to ``MAX_PASSAGES``.
        room: characters for all of them: each keeps its beginning, and is given as it was shown.
    """

    name = "retrieval"
    description = "Searches the knowledge base, and gives the passages that fit a query best."
    parameters = (
        Parameter("query", "a question or words to look for, such as height of K2"),
        Parameter("k", f"how many passages, 1 to {MAX_PASSAGES}", "integer", required=False),
    )
    example = "retrieval[height of K2]"

    def __init__(self, retriever: Retriever | None, top_k: int, room: int | None = None) -> None:
        if not 1 <= top_k <= MAX_PASSAGES:
            raise ValueError(f"top_k must be 1 to {MAX_PASSAGES}, not {top_k}")
        self._retriever = retriever
        self._top_k = top_k
        self._room = room

    async def answer(self, arguments: Mapping[str, Any]) -> Found:
        """Return the best passages, numbered, one paragraph each."""
        wanted = arguments.get("k", self._top_k)
        if not 1 <= wanted <= MAX_PASSAGES:
            raise ModelRetry(
                f"The k of {self.name} must be 1 to {MAX_PASSAGES}, not {quoted(str(wanted))}: "
                f"leave it out for {self._top_k}."
            )
        if self._retriever is None:
            raise RuntimeError("the tool was built without a knowledge base")
        found = await self._retriever.retrieve(arguments["query"])
        passages = found.passages[:wanted]
        lines = [_line(number, passage) for number, passage in enumerate(passages, start=1)]
        text = "\n".join(lines)
        if self._room is None or len(text) <= self._room:
            return Found(text or "Nothing was found.", passages)
        shown = cut_lines(text, self._room)
        kept = [_as_shown(*pair) for pair in zip(passages, lines, shown.split("\n"), strict=True)]
        return Found(shown, tuple(kept), lost(text, shown))


def _line(number: int, passage: Passage) -> str:
    """Return a passage as one line: its words as they are, line breaks as spaces."""
    title = " ".join(passage.chunk.title.split())
    text = _BREAK.sub(" ", passage.chunk.text)
    return f"[{number}] {title}: {text}" if title else f"[{number}] {text}"


def _as_shown(passage: Passage, line: str, shown: str) -> Passage:
    """Return a passage with as much of its text as was shown of its line."""
    if shown == line:
        return passage
    chunk = passage.chunk
    before = len(line) - len(chunk.text)  # line breaks are one character, as in the text
    kept = max(0, len(shown.removesuffix(CUT)) - before)
    chunk = replace(chunk, text=chunk.text[:kept], end=chunk.start + kept)
    return replace(passage, chunk=chunk, dropped=passage.dropped or not kept)

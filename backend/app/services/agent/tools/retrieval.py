"""Retrieval from a knowledge base as a tool."""

import re
from dataclasses import replace

from app.domain.json import JsonObject
from app.domain.passages import Passage
from app.services.agent.tools.base import ModelRetry, Parameter, Tool, ToolOutput, quoted
from app.services.agent.truncation import TRUNCATION_MARK, truncate_lines, truncated_characters
from app.services.rag.base import Retriever

_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")  # every line break of str.splitlines
MAX_PASSAGES = 10
"""Passages of one use, at most."""


class RetrievalTool(Tool):
    """Finds passages of a knowledge base.

    Args:
        retriever: may find fewer passages than the model asks for.
        top_k: number of passages unless the model asks for another, 1 to ``MAX_PASSAGES``.
        limit: characters of all passages together; longer ones lose their ends, in the output's
            ``passages``, too. ``None``: no limit.
    """

    name = "retrieval"
    description = "Searches the knowledge base, and gives the passages that fit a query best."
    parameters = (
        Parameter("query", "a question or words to look for, such as height of K2"),
        Parameter("k", f"how many passages, 1 to {MAX_PASSAGES}", "integer", required=False),
    )
    example = "retrieval[height of K2]"
    timeout_s: float | None = None  # searches wait for each other, and none can be stopped

    def __init__(self, retriever: Retriever | None, top_k: int, limit: int | None = None) -> None:
        if not 1 <= top_k <= MAX_PASSAGES:
            raise ValueError(f"top_k must be 1 to {MAX_PASSAGES}, not {top_k}")
        self._retriever = retriever
        self._top_k = top_k
        self._limit = limit

    async def run(self, arguments: JsonObject) -> ToolOutput:
        """Return the best passages, numbered, one line each."""
        wanted = arguments.get("k", self._top_k)
        if not 1 <= wanted <= MAX_PASSAGES:
            raise ModelRetry(
                f"The k of {self.name} must be 1 to {MAX_PASSAGES}, not {quoted(str(wanted))}: "
                f"leave it out for {self._top_k}."
            )
        if self._retriever is None:
            raise RuntimeError("the tool was built without a knowledge base")
        found = await self._retriever.retrieve(arguments["query"])
        passages, took_s = found.passages[:wanted], found.total_s if found.seconds else None
        lines = [_line(number, passage) for number, passage in enumerate(passages, start=1)]
        text = "\n".join(lines)
        if self._limit is None or len(text) <= self._limit:
            return ToolOutput(text or "Nothing was found.", passages, 0, took_s, found.seconds)
        shown = truncate_lines(text, self._limit)
        kept = [_as_shown(*pair) for pair in zip(passages, lines, shown.split("\n"), strict=True)]
        return ToolOutput(shown, tuple(kept), truncated_characters(text, shown), took_s, found.seconds)


def _line(number: int, passage: Passage) -> str:
    """Return number, title and text of a passage on one line."""
    title = " ".join(passage.chunk.title.split())
    text = _BREAK.sub(" ", passage.chunk.text)
    return f"[{number}] {title}: {text}" if title else f"[{number}] {text}"


def _as_shown(passage: Passage, line: str, shown: str) -> Passage:
    """Return a passage with its text truncated as its line was."""
    if shown == line:
        return passage
    chunk = passage.chunk
    before = len(line) - len(chunk.text)  # each line break became one space: lengths are equal
    kept = max(0, len(shown.removesuffix(TRUNCATION_MARK)) - before)
    chunk = replace(chunk, text=chunk.text[:kept], end=chunk.start + kept)
    return replace(passage, chunk=chunk, dropped=passage.dropped or not kept)

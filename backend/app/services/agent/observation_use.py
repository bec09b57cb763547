"""Which of an agent's observations were used, and which one holds the answer.

An observation counts as used if it brought a word that neither the question nor anything before it had,
and the answer, a later thought or a later action has that word. Words are compared as BM25 compares them:
without stop words, by their stems. This is a heuristic: the model may have known the word anyway.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.domain.trace import Step
from app.services.rag.bm25 import words_of

_THOUSANDS_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3})")
_TOO_COMMON = {"", "yes", "no"}  # answers that many observations contain by chance
_WORD = re.compile(r"[^\W_]+")


def judge_uses(question: str, steps: Sequence[Step], answer: str | None) -> tuple[Step, ...]:
    """Return the steps with ``needed`` set for each successful use of a tool."""
    known = _words(question)
    judged = []
    for place, step in enumerate(steps):
        use = step.use
        known |= _words(_written_by_model(step))
        if use is not None:
            new = _words(use.observation) - known if use.success and not use.repeated else set()
            later = _words(" ".join([*map(_written_by_model, steps[place + 1 :]), answer or ""]))
            use = replace(use, needed=bool(new & later)) if use.success else use
            known |= new
        judged.append(replace(step, use=use))
    return tuple(judged)


def source_of(steps: Sequence[Step], answer: str | None) -> int | None:
    """Return the index of the first step whose observation has the answer as whole words, if any does."""
    wanted = _normalised(answer or "")
    if wanted.strip() in _TOO_COMMON:
        return None
    for place, step in enumerate(steps):
        if step.use is not None and step.use.success and wanted in _normalised(step.use.observation):
            return place
    return None


def _written_by_model(step: Step) -> str:
    """Return thought, arguments and answer of a step."""
    arguments = " ".join(str(value) for value in step.use.arguments.values()) if step.use else ""
    return f"{step.thought} {arguments} {step.answer or ''}"


def _words(text: str) -> set[str]:
    # Without single letters, which are units or initials.
    return {word for word in words_of(_THOUSANDS_SEPARATOR.sub("", text)) if len(word) > 1 or word.isdigit()}


def _normalised(text: str) -> str:
    """Return the words of a text in lower case, each between spaces."""
    return f" {' '.join(_WORD.findall(_THOUSANDS_SEPARATOR.sub('', text).casefold()))} "

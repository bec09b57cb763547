"""What of an agent's observations was of use: which of them was taken up, and which holds the answer.

An observation was needed if it brought a word that neither the question nor anything before it had,
and that the answer, a later thought or a later action has. Words are counted as BM25 counts them:
without stop words, by their stems. It is a sign and no proof: a model may have known the word.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.domain.trace import Step, ToolUse
from app.services.rag.bm25 import words_of

_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3})")  # of thousands
_NOWHERE = {"", "yes", "no"}  # what stands anywhere, and says nothing
_WORD = re.compile(r"[^\W_]+")


def judge_uses(question: str, steps: Sequence[Step], answer: str | None) -> tuple[Step, ...]:
    """Return the steps, each use of a tool told if it was needed."""
    known = _words(question)
    judged = []
    for place, step in enumerate(steps):
        use = step.use
        known |= _words(_said(step))
        if use is not None:
            fresh = _words(use.observation) - known if use.success and not use.repeated else set()
            later = _words(" ".join([*(_said(one) for one in steps[place + 1 :]), answer or ""]))
            use = replace(use, needed=bool(fresh & later)) if use.success else use
            known |= fresh
        judged.append(replace(step, use=use))
    return tuple(judged)


def source_of(steps: Sequence[Step], answer: str | None) -> int | None:
    """Return the first step whose observation holds the answer as whole words; ``None`` if none does."""
    wanted = _spaced(answer or "")
    if wanted.strip() in _NOWHERE:
        return None
    for place, step in enumerate(steps):
        if step.use is not None and step.use.success and wanted in _spaced(step.use.observation):
            return place
    return None


def _said(step: Step) -> str:
    """Return what the model itself wrote in a step."""
    use: ToolUse | None = step.use
    arguments = " ".join(str(value) for value in use.arguments.values()) if use else ""
    return f"{step.thought} {arguments} {step.answer or ''}"


def _words(text: str) -> set[str]:
    # A single letter is a unit, or an initial.
    return {word for word in words_of(_SEPARATOR.sub("", text)) if len(word) > 1 or word.isdigit()}


def _spaced(text: str) -> str:
    return f" {' '.join(_WORD.findall(_SEPARATOR.sub('', text).casefold()))} "

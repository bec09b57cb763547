"""Judges of faithfulness: their input, their verdict, their interface.

A judge gives a number between 0 and 1, or the reason why it gives none: where there is nothing to judge,
and where the judge itself failed, an answer is *unscored*, never 0. Below ``THRESHOLD`` an answer counts as
a hallucination. Judges err, too: ``llmforge faithfulness validate`` measures how often.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

THRESHOLD = 0.5
"""Faithfulness from which on an answer counts as faithful."""
_NAME_WORDS = 6  # an answer with no more words than this is taken for a name, not a sentence


@dataclass(frozen=True, slots=True)
class Claim:
    """What is judged: an answer, its question, and the texts that the answer should follow from."""

    question: str
    answer: str
    texts: tuple[str, ...]

    @property
    def statement(self) -> str:
        """The answer as a statement: a bare name is put with its question, a sentence stands alone."""
        answer = self.answer.strip().rstrip(".")
        if len(answer.split()) > _NAME_WORDS:
            return f"{answer}."
        return f'The answer to the question "{self.question.strip()}" is: {answer}.'


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's number in [0, 1], or ``None``, with the reason."""

    value: float | None
    reason: str


class Judge(Protocol):
    """Judges claims."""

    async def judge(self, claim: Claim) -> Verdict:
        """Return how far the claim follows from its texts."""
        ...


class JudgementStore(Protocol):
    """Remembers judgements by key."""

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, float]:
        """Return those that are known."""
        ...

    async def put_many(self, values: Mapping[str, float]) -> None:
        """Remember some."""
        ...

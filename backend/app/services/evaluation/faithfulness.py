"""Whether an answer follows from the passages that the model saw.

A judge gives a number between 0 and 1, or says why it gives none: where there is nothing to judge, and
where the judge itself failed, an answer is *unscored*, never 0. Below one half it counts as a
hallucination. A judge errs too: ``llmforge faithfulness validate`` measures how often.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.generation import GenerationParams, GenerationRequest, Message
from app.domain.passages import Passage
from app.domain.prediction import ParsedAnswer, Score
from app.services.inference.base import Engine, EngineError

THRESHOLD = 0.5
"""Faithfulness from which on an answer counts as faithful."""
_NAMES = ("faithfulness", "faithful")
_NAME_WORDS = 6  # that an answer has at most which is no sentence


@dataclass(frozen=True, slots=True)
class Claim:
    """What is judged: an answer, its question, and the texts that it should follow from."""

    question: str
    answer: str
    texts: tuple[str, ...]

    @property
    def statement(self) -> str:
        """The answer as a statement: a bare name needs its question, a sentence stands by itself."""
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
    """Whoever judges claims."""

    async def judge(self, claim: Claim) -> Verdict:
        """Return how far the claim follows from its texts."""
        ...


async def score_faithfulness(
    judge: Judge, question: str, answer: ParsedAnswer, passages: Sequence[Passage] | None
) -> list[Score]:
    """Return the faithfulness of an answer, and whether it counts as faithful."""
    texts = tuple(passage.chunk.searched for passage in passages or () if not passage.dropped)
    if answer.text is None:
        verdict = Verdict(None, f"no answer ({answer.outcome})")
    elif not texts:
        verdict = Verdict(None, "no passages to judge by")
    else:
        verdict = await judge.judge(Claim(question, answer.text, texts))
    value = verdict.value
    faithful = None if value is None else float(value >= THRESHOLD)
    return [Score(name, one, verdict.reason) for name, one in zip(_NAMES, (value, faithful), strict=True)]


class Entailment(Protocol):
    """Tells how probable it is that a premise entails a hypothesis."""

    async def probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Return P(entailment) of each (premise, hypothesis)."""
        ...


@dataclass(frozen=True, slots=True)
class NliJudge:
    """Judges by natural language inference: P(entailment) of the statement, best over the passages."""

    entailment: Entailment

    async def judge(self, claim: Claim) -> Verdict:
        """See ``Judge``."""
        try:
            found = await self.entailment.probabilities([(text, claim.statement) for text in claim.texts])
        except Exception as error:  # noqa: BLE001 - a crashed judge is a value of its own
            return Verdict(None, f"the judge failed ({type(error).__name__})")
        best = max(range(len(found)), key=found.__getitem__)
        return Verdict(found[best], f"most by passage {best + 1}")


_INSTRUCTION = (
    "Below are passages, a question, and an answer to it. Decide by the passages alone, whatever you know "
    "yourself, whether the answer is supported by them. Reply with one word: yes or no."
)
_MAX_TOKENS = 8
_YES_OR_NO = re.compile(r"^\W*(?:answer\W+)?(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LlmJudge:
    """Judges by asking a language model for yes or no."""

    engine: Engine
    model: str

    async def judge(self, claim: Claim) -> Verdict:
        """See ``Judge``."""
        request = GenerationRequest(
            (Message("user", judging_prompt(claim)),), self.model, GenerationParams(max_tokens=_MAX_TOKENS)
        )
        try:
            result = await self.engine.generate(request)
        except EngineError as error:
            return Verdict(None, f"the judge failed ({error.kind})")
        said = _YES_OR_NO.search(result.text)
        if said is None:
            return Verdict(None, f"the judge said neither yes nor no: {result.text.strip()[:80]!r}")
        word = said[1].lower()
        return Verdict(float(word == "yes"), f"the judge said {word}")


def judging_prompt(claim: Claim) -> str:
    """Return what an LLM judge is asked."""
    passages = "\n\n".join(f"[{number}] {text}" for number, text in enumerate(claim.texts, start=1))
    return (
        f"{_INSTRUCTION}\n\n{passages}\n\nQuestion: {claim.question}\nAnswer: {claim.answer}\n\n"
        "Is the answer supported by the passages (yes or no)?"
    )

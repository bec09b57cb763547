"""A judge that asks a language model for yes or no."""

import re
from dataclasses import dataclass

from app.domain.generation import GenerationParams, GenerationRequest, Message
from app.services.evaluation.judges.base import Claim, Verdict
from app.services.inference.base import Engine, EngineError

_INSTRUCTION = (
    "Below are passages, a question, and an answer to it. Decide by the passages alone, whatever you know "
    "yourself, whether the answer is supported by them. Reply with one word: yes or no."
)
MAX_TOKENS = 8
"""Of what a judge says, at most."""
_YES_OR_NO = re.compile(r"^\W*(?:answer\W+)?(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LlmJudge:
    """Asks a language model whether the passages support the answer."""

    engine: Engine
    model: str

    async def judge(self, claim: Claim) -> Verdict:
        """See ``Judge``."""
        request = GenerationRequest(
            (Message("user", judging_prompt(claim)),), self.model, GenerationParams(max_tokens=MAX_TOKENS)
        )
        try:
            result = await self.engine.generate(request)
        except EngineError as error:
            return Verdict(None, f"the judge failed ({error.kind})")
        match = _YES_OR_NO.search(result.text)
        if match is None:
            return Verdict(None, f"the judge said neither yes nor no: {result.text.strip()[:80]!r}")
        word = match[1].lower()
        return Verdict(float(word == "yes"), f"the judge said {word}")


def judging_prompt(claim: Claim) -> str:
    """Return the prompt of an LLM judge."""
    passages = "\n\n".join(f"[{number}] {text}" for number, text in enumerate(claim.texts, start=1))
    return (
        f"{_INSTRUCTION}\n\n{passages}\n\nQuestion: {claim.question}\nAnswer: {claim.answer}\n\n"
        "Is the answer supported by the passages (yes or no)?"
    )

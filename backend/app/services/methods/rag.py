"""Retrieval-augmented generation: passages found for the question stand before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.examples import Example
from app.domain.passages import Passage, Retrieval
from app.domain.prediction import Call, Prediction
from app.domain.scoring import ScoringRule
from app.domain.status import FailureKind
from app.schemas.method_config import RagMethodConfig
from app.services.inference.base import EngineError
from app.services.inference.token_estimate import estimated_tokens
from app.services.methods.answer_extraction import read_answer
from app.services.methods.base import Context, PromptMethod, Sources
from app.services.methods.prompts import RagPromptTemplate
from app.services.rag.base import Retriever


@dataclass(frozen=True)
class RagMethod(PromptMethod):
    """Retrieves once, makes one call, and reads the answer from its output.

    A prompt that would not fit into the model's window loses its last passages, which are the
    least likely to help; passages that are left out are marked. Whether a prompt fits is estimated;
    where the endpoint still finds it too long, one more passage is left out, until none remains.
    """

    retriever: Retriever | None = None

    name: ClassVar[str] = "rag"

    @classmethod
    def build(cls, config: RagMethodConfig, rule: ScoringRule, sources: Sources) -> "RagMethod":
        """Return the method that ``config`` describes."""
        return cls(RagPromptTemplate(config.template, config.system), rule, sources.retriever)

    async def __call__(self, example: Example, context: Context) -> Prediction:
        """Answer ``example``; see ``Method``."""
        if self.retriever is None:
            raise RuntimeError("the method was built without a knowledge base")
        retrieval = await self.retriever.retrieve(example.question)
        context.transcript.clock.lap_parts("search_wait", retrieval.seconds)
        context.transcript.beside_model_s = retrieval.total_s
        call = await self._fitting_call(example, retrieval, context)
        answer = read_answer(call.result, example.question, self.rule)
        return Prediction(call.result.text, answer, (call,), context.transcript.passages)

    async def _fitting_call(self, example: Example, retrieval: Retrieval, context: Context) -> Call:
        """Make the call with as many passages as fit, and note in the transcript which ones those are."""
        found = retrieval.passages
        kept = self.fitting(example, found, context)
        while True:
            context.transcript.passages = retrieval.without_last(len(found) - kept)
            try:
                return await context.call(self.render(example, found[:kept]))
            except EngineError as error:
                if error.kind is not FailureKind.CONTEXT_LENGTH or kept == 0:
                    raise
                kept -= 1

    def fitting(self, example: Example, found: Sequence[Passage], context: Context) -> int:
        """Return how many of the passages leave room for the answer, by an estimate."""
        if context.window is None:
            return len(found)
        room = context.window - context.params.max_tokens
        for kept in range(len(found), 0, -1):
            if estimated_tokens(self.render(example, found[:kept])) <= room:
                return kept
        return 0

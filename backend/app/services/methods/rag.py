"""Retrieval-augmented generation: what is found for the question stands before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.examples import Example
from app.domain.generation import Message
from app.domain.passages import Passage, Retrieval
from app.domain.prediction import Call, Prediction
from app.domain.scoring import ScoringRule
from app.domain.status import FailureKind
from app.services.inference.base import EngineError
from app.services.inference.token_estimate import estimated_tokens
from app.services.methods.base import Context
from app.services.methods.naive import read_answer
from app.services.methods.prompts import PromptTemplate
from app.services.rag.base import Retriever

NOT_YET = "(the passages are retrieved when the experiment runs)"


@dataclass(frozen=True, slots=True)
class RagMethod:
    """Retrieves once, asks once, and takes the head of the output as the answer.

    A prompt that would not fit into the model's window loses its last passages, which are the
    least likely to help; those that are left out are marked. What fits is estimated, and where the
    endpoint still finds the prompt too long, one more passage goes, until none is left.
    """

    prompt: PromptTemplate
    rule: ScoringRule
    retriever: Retriever | None = None
    name: str = "rag"

    @property
    def template(self) -> dict[str, Any]:
        """The prompt template; what is retrieved is a matter of the configuration and the index."""
        return {"method": self.name, "prompt": self.prompt.as_dict()}

    def render(self, example: Example) -> tuple[Message, ...]:
        """Return the prompt without its passages; see ``Method.render``."""
        return self.prompt.render(example, passages=NOT_YET)

    def ask(self, example: Example, passages: Sequence[Passage]) -> tuple[Message, ...]:
        """Return the prompt with these passages."""
        return self.prompt.render(example, passages=numbered(passages))

    async def __call__(self, example: Example, context: Context) -> Prediction:
        """Answer ``example``; see ``Method``."""
        if self.retriever is None:
            raise RuntimeError("the method was built without a knowledge base")
        retrieval = await self.retriever.retrieve(example.question)
        call = await self._fitting_call(example, retrieval, context)
        answer = read_answer(call.result, example.question, self.rule)
        return Prediction(call.result.text, answer, (call,), context.transcript.passages)

    async def _fitting_call(self, example: Example, retrieval: Retrieval, context: Context) -> Call:
        """Ask with as many passages as fit, and note in the transcript which ones those are."""
        found = retrieval.passages
        kept = self.fitting(example, found, context)
        while True:
            context.transcript.passages = retrieval.without_last(len(found) - kept)
            try:
                return await context.call(self.ask(example, found[:kept]))
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
            if estimated_tokens(self.ask(example, found[:kept])) <= room:
                return kept
        return 0


def numbered(passages: Sequence[Passage]) -> str:
    """Return passages as a prompt shows them: numbered, each under its title."""
    blocks = []
    for number, passage in enumerate(passages, start=1):
        title = f" {passage.chunk.title}" if passage.chunk.title else ""
        blocks.append(f"[{number}]{title}\n{passage.chunk.text}")
    return "\n\n".join(blocks)

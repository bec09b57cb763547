"""Naive prompting: the question, and nothing else."""

from dataclasses import dataclass
from typing import Any

from app.domain.examples import Example
from app.domain.generation import Message
from app.domain.prediction import Prediction
from app.services.methods.base import Context
from app.services.methods.parsing import parse_short_answer
from app.services.methods.prompts import PromptTemplate

DEFAULT_TEMPLATE = "Question: {question}\nAnswer:"


@dataclass(frozen=True, slots=True)
class NaiveMethod:
    """Asks once, and takes the head of the output as the answer."""

    prompt: PromptTemplate
    name: str = "naive"

    @property
    def template(self) -> dict[str, Any]:
        """The prompt template."""
        return {"method": self.name, "prompt": self.prompt.as_dict()}

    def render(self, example: Example) -> tuple[Message, ...]:
        """Return the prompt; see ``Method.render``."""
        return self.prompt.render(example)

    async def __call__(self, example: Example, context: Context) -> Prediction:
        """Answer ``example``; see ``Method``."""
        call = await context.call(self.render(example))
        output = call.result.text
        return Prediction(output, parse_short_answer(output, example.question), (call,))

"""Naive prompting: the question, and nothing else."""

from dataclasses import dataclass
from typing import Any

from app.domain.examples import Example
from app.domain.generation import GenerationResult, Message
from app.domain.prediction import ParsedAnswer, Prediction
from app.domain.scoring import ScoringRule
from app.services.methods.base import Context
from app.services.methods.prompts import PromptTemplate
from app.services.methods.reasoned_answer_parser import parse_reasoned_answer
from app.services.methods.short_answer_parser import parse_short_answer


@dataclass(frozen=True, slots=True)
class NaiveMethod:
    """Asks once, and takes the head of the output as the answer.

    To a word problem models write their steps down unasked: there the answer is read as it is from
    reasoning, or a comparison of methods would be one of parsers.
    """

    prompt: PromptTemplate
    rule: ScoringRule
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
        answer = read_answer(call.result, example.question, self.rule)
        return Prediction(call.result.text, answer, (call,))


def read_answer(result: GenerationResult, question: str, rule: ScoringRule) -> ParsedAnswer:
    """Return the answer in an output whose prompt did not ask for reasoning."""
    if rule == "gsm8k":
        return parse_reasoned_answer(
            result.text, question, numeric=True, cut_off=result.finish_reason == "length"
        )
    return parse_short_answer(result.text, question)

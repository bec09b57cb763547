"""Naive prompting: the question, and nothing else."""

from dataclasses import dataclass
from typing import ClassVar

from app.domain.examples import Example
from app.domain.generation import GenerationResult
from app.domain.prediction import ParsedAnswer, Prediction
from app.domain.scoring import ScoringRule
from app.schemas.method_config import NaiveMethodConfig
from app.services.methods.base import Context, PromptMethod, Sources
from app.services.methods.prompts import PromptTemplate
from app.services.methods.reasoned_answer_parser import parse_reasoned_answer
from app.services.methods.short_answer_parser import parse_short_answer


@dataclass(frozen=True)
class NaiveMethod(PromptMethod):
    """Makes one call, and takes the start of the output as the answer.

    Given a word problem, models write down their steps without being asked to. There the answer is
    read as it is from reasoning, or a comparison of methods would be a comparison of parsers.
    """

    name: ClassVar[str] = "naive"

    @classmethod
    def build(cls, config: NaiveMethodConfig, rule: ScoringRule, _: Sources) -> "NaiveMethod":
        """Return the method that ``config`` describes."""
        return cls(PromptTemplate(config.template, config.system), rule)

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

"""Naive prompting: the question, and nothing else."""

from dataclasses import dataclass
from typing import ClassVar

from app.domain.examples import Example
from app.domain.prediction import Prediction
from app.domain.scoring import ScoringRule
from app.schemas.method_config import NaiveMethodConfig
from app.services.methods.answer_extraction import read_answer
from app.services.methods.base import Context, PromptMethod, Sources
from app.services.methods.prompts import PromptTemplate


@dataclass(frozen=True)
class NaiveMethod(PromptMethod):
    """Makes one call, and reads the answer from its output."""

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

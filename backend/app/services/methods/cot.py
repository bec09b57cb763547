"""Chain of thought: the model reasons before it answers; several samples may vote."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from app.domain.examples import Example
from app.domain.prediction import ParsedAnswer, Prediction, Vote
from app.domain.scoring import ScoringRule
from app.schemas.method_config import CoTMethodConfig
from app.services.evaluation.normalise import normalise
from app.services.methods.answer_extraction import read_answer
from app.services.methods.base import Context, PromptMethod, Sources
from app.services.methods.exemplars import kind_for, load_exemplars
from app.services.methods.prompts import CoTPromptTemplate


@dataclass(frozen=True)
class CoTMethod(PromptMethod):
    """Asks for reasoning and an answer, once, or ``samples`` times with a vote (self-consistency).

    Answers that are equal after the normalisation of the dataset's scoring vote for the same answer;
    outputs without an answer do not vote. Of answers with equally many votes the one that was given
    first wins. The prediction's output is the first one that gave the winner.

    The samples are asked one after another, so a run takes as long as all its calls together;
    experiments are fast because many runs go on at the same time. A sample that fails fails the run:
    a vote of the others would be another method's.
    """

    samples: int = 1

    name: ClassVar[str] = "cot"

    @classmethod
    def build(cls, config: CoTMethodConfig, rule: ScoringRule, _: Sources) -> "CoTMethod":
        """Return the method that ``config`` describes.

        Raises:
            ExemplarsError: if the worked examples cannot be read.
        """
        exemplars = load_exemplars(kind_for(config.exemplars, rule), config.shots)
        return cls(CoTPromptTemplate(config.template, config.system, exemplars), rule, config.samples)

    async def __call__(self, example: Example, context: Context) -> Prediction:
        """Answer ``example``; see ``Method``."""
        messages = self.render(example)
        calls = [await context.call(messages, sample) for sample in range(self.samples)]
        answers = [read_answer(call.result, example.question, self.rule) for call in calls]
        if self.samples == 1:
            return Prediction(calls[0].result.text, answers[0], tuple(calls))
        votes = count_votes(answers, self.rule)
        chosen = max(range(self.samples), key=lambda sample: votes[sample].votes)
        voted = tuple(replace(call, vote=vote) for call, vote in zip(calls, votes, strict=True))
        return Prediction(calls[chosen].result.text, answers[chosen], voted)


def count_votes(answers: Sequence[ParsedAnswer], rule: ScoringRule) -> list[Vote]:
    """Return what each answer is counted as, and how many are counted as the same."""
    counted = [None if answer.text is None else normalise(answer.text, rule) for answer in answers]
    totals = Counter(text for text in counted if text is not None)
    return [
        Vote(answer, text, 0 if text is None else totals[text])
        for answer, text in zip(answers, counted, strict=True)
    ]

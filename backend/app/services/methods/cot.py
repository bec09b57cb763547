"""Chain of thought: the model reasons before it answers; several samples may vote."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.domain.examples import Example
from app.domain.generation import Message
from app.domain.prediction import Call, ParsedAnswer, Prediction, Vote
from app.domain.scoring import ScoringRule
from app.services.evaluation.normalise import normalise
from app.services.methods.base import Context
from app.services.methods.prompts import PromptTemplate
from app.services.methods.reasoned_answer_parser import parse_reasoned_answer


@dataclass(frozen=True, slots=True)
class CoTMethod:
    """Asks for reasoning and an answer, once, or ``samples`` times with a vote (self-consistency).

    Answers that are equal once normalised as the dataset's scoring does it are votes for the same;
    outputs without an answer abstain. Of answers with equally many votes the one that was given
    first wins. The prediction's output is the first one that gave the winner.

    The samples are asked one after another, so a run takes as long as all its calls together;
    experiments are fast by many runs at once. A sample that fails for good fails the run: a vote
    of the others would be another method's.
    """

    prompt: PromptTemplate
    rule: ScoringRule
    samples: int = 1
    name: str = "cot"

    @property
    def template(self) -> dict[str, Any]:
        """The prompt template with its worked examples."""
        return {"method": self.name, "prompt": self.prompt.as_dict()}

    def render(self, example: Example) -> tuple[Message, ...]:
        """Return the prompt, which is the same for all samples; see ``Method.render``."""
        return self.prompt.render(example)

    async def __call__(self, example: Example, context: Context) -> Prediction:
        """Answer ``example``; see ``Method``."""
        messages = self.render(example)
        calls = [await context.call(messages, sample) for sample in range(self.samples)]
        answers = [self._parse(call, example.question) for call in calls]
        if self.samples == 1:
            return Prediction(calls[0].result.text, answers[0], tuple(calls))
        votes = count_votes(answers, self.rule)
        chosen = max(range(self.samples), key=lambda sample: votes[sample].votes)
        voted = tuple(replace(call, vote=vote) for call, vote in zip(calls, votes, strict=True))
        return Prediction(calls[chosen].result.text, answers[chosen], voted)

    def _parse(self, call: Call, question: str) -> ParsedAnswer:
        return parse_reasoned_answer(
            call.result.text,
            question,
            numeric=self.rule == "gsm8k",
            cut_off=call.result.finish_reason == "length",
        )


def count_votes(answers: Sequence[ParsedAnswer], rule: ScoringRule) -> list[Vote]:
    """Return what each answer is counted as, and how many are counted as the same."""
    counted = [None if answer.text is None else normalise(answer.text, rule) for answer in answers]
    totals = Counter(text for text in counted if text is not None)
    return [
        Vote(answer, text, 0 if text is None else totals[text])
        for answer, text in zip(answers, counted, strict=True)
    ]

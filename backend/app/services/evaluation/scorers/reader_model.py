"""The answer in an output as a model of the user's choice reads it, where the rules are unsure.

The rules read most outputs as a person would; of some (a range, an output without a conclusion, one that was
cut off) they take no answer, or the sentence that is closest to the question. There the model is asked. It
is also asked about one in five of the other outputs, to measure how often both find the same answer.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.domain.generation import GenerationParams, GenerationRequest, Message
from app.domain.hashing import content_hash
from app.domain.prediction import ScoredSample
from app.domain.scoring import Score, ScoreDescription
from app.services.evaluation.normalise import normalise
from app.services.evaluation.scorers.base import (
    RegisteredScorer,
    Scorer,
    ScorerResources,
    ScorerUnavailable,
)
from app.services.evaluation.scorers.text import GROUP, exact_match
from app.services.inference.base import Engine, EngineError

NAME = "reader_model"
MATCH = "reader_match"
AGREES = "reader_agrees"
ONE_IN = 5
"""Of the outputs that the rules are sure of, one in so many is read by the model as well."""

_INSTRUCTION = (
    "Below are a question and a reply to it. Copy the final answer that the reply gives to the question: "
    "the shortest phrase or number, exactly as the reply writes it. Do not answer the question yourself. "
    "If the reply gives no answer, or leaves open which of several it is, write NONE."
)
_MAX_TOKENS = 48
_HEAD, _TAIL = 1_000, 5_000  # characters of an output that the model is shown


@dataclass(frozen=True, slots=True)
class ReaderModelScorer:
    """Asks a language model which answer an output gives."""

    engine: Engine
    model: str

    async def __call__(self, sample: ScoredSample) -> list[Score]:
        """See ``Scorer``."""
        sure = sample.prediction.answer.is_sure
        said_nothing = not sample.prediction.output.strip()
        if said_nothing or (sure and not _is_checked(sample.example.question)):
            return [_by_rules(sample)]
        try:
            found = await self._read(sample)
        except (EngineError, ValueError) as error:
            reason = f"the reader model failed ({error})"
            return [_by_rules(sample), Score(AGREES, None, reason)] if sure else [Score(MATCH, None, reason)]
        if sure:
            return [_by_rules(sample), _agreement(sample, found)]
        if found is None:
            return [Score(MATCH, 0.0, "the reader model finds no answer")]
        value, reason = exact_match(found, tuple(sample.example.answers), sample.rule)
        return [Score(MATCH, value, f"by the reader model: {reason}")]

    async def _read(self, sample: ScoredSample) -> str | None:
        """Return the answer that the model finds in the output; ``None`` if there is none.

        Raises:
            EngineError: if the call fails.
            ValueError: if the model wrote something that is not in the output.
        """
        prompt = reading_prompt(sample.example.question, sample.prediction.output)
        request = GenerationRequest(
            (Message("user", prompt),), self.model, GenerationParams(max_tokens=_MAX_TOKENS)
        )
        reply = (await self.engine.generate(request)).text.strip().strip("\"'“”`.").strip()
        if reply.casefold() == "none" or not reply:
            return None
        said = f" {normalise(sample.prediction.output, sample.rule)} "
        if f" {normalise(reply, sample.rule)} " not in said:
            raise ValueError(f"it wrote what the output does not say: {reply[:80]!r}")
        return reply


def reading_prompt(question: str, output: str) -> str:
    """Return the prompt of a reader model; the middle of a long output is left out."""
    if len(output) > _HEAD + _TAIL:
        output = f"{output[:_HEAD]}\n[…]\n{output[-_TAIL:]}"
    return f"{_INSTRUCTION}\n\nQuestion: {question}\n\nReply:\n{output}\n\nThe answer that the reply gives:"


def _is_checked(question: str) -> bool:
    """Return whether a question belongs to the fifth whose answers are checked: the same ones in each run."""
    return int(content_hash(question)[:8], 16) % ONE_IN == 0


def _by_rules(sample: ScoredSample) -> Score:
    answer = sample.prediction.answer
    if answer.text is None:
        return Score(MATCH, 0.0, f"no answer ({answer.outcome})")
    value, reason = exact_match(answer.text, tuple(sample.example.answers), sample.rule)
    return Score(MATCH, value, f"by the rules: {reason}")


def _agreement(sample: ScoredSample, found: str | None) -> Score:
    text = sample.prediction.answer.text
    if text is None or found is None:
        same = text is None and found is None
    else:
        same = normalise(text, sample.rule) == normalise(found, sample.rule)
    by_rules, by_model = (f"“{one[:80]}”" if one else "no answer" for one in (text, found))
    return Score(AGREES, float(same), f"rules: {by_rules}, reader model: {by_model}")


@asynccontextmanager
async def _open(resources: ScorerResources) -> AsyncIterator[Scorer]:
    model = resources.config.scorers[NAME].model
    if model is None:
        raise ScorerUnavailable(f"Name the model that reads answers, as scorers.{NAME}.model.")
    yield ReaderModelScorer(await resources.engine(model), model)


READER_MODEL = RegisteredScorer(
    NAME,
    (
        ScoreDescription(
            MATCH,
            1,
            "binary",
            GROUP,
            "Exact match, read by a model where unsure",
            "Exact match; where the rules are unsure what an output's answer is, a model reads it.",
        ),
        ScoreDescription(
            AGREES,
            1,
            "binary",
            GROUP,
            "Reader model agrees",
            f"Of one in {ONE_IN} outputs that the rules are sure of: the model finds the same answer.",
        ),
    ),
    _open,
    asks_model=True,
)

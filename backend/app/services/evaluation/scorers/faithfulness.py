"""The faithfulness of answers to the retrieved passages, as a judge of the user's choice sees it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.domain.passages import Passage
from app.domain.prediction import ParsedAnswer, ScoredSample
from app.domain.scoring import Score, ScoreDescription, ScoringRule
from app.schemas.experiment_config import ExperimentConfig
from app.services.evaluation.judges.base import THRESHOLD, Claim, Judge, Verdict
from app.services.evaluation.judges.llm import LlmJudge
from app.services.evaluation.judges.nli import (
    BatchedNli,
    NliJudge,
    NliModel,
    NoEntailmentLabel,
    require_entailment,
)
from app.services.evaluation.scorers.base import (
    RegisteredScorer,
    Scorer,
    ScorerResources,
    ScorerUnavailable,
)
from app.services.local_models.files import ModelUnavailable, find_model, fingerprint

GROUP = "faithfulness"
JUDGE_SETTING = "faithfulness.model"
"""The configuration field that names the judge's model."""
_NAMES = ("faithfulness", "faithful")


@dataclass(frozen=True, slots=True)
class FaithfulnessScorer:
    """Scores answers by a judge."""

    judge: Judge

    async def __call__(self, sample: ScoredSample) -> list[Score]:
        """See ``Scorer``."""
        prediction = sample.prediction
        return await score_faithfulness(
            self.judge, sample.example.question, prediction.answer, prediction.passages
        )


async def score_faithfulness(
    judge: Judge, question: str, answer: ParsedAnswer, passages: Sequence[Passage] | None
) -> list[Score]:
    """Return the faithfulness of an answer, and whether it counts as faithful."""
    texts = tuple(passage.chunk.searched for passage in passages or () if not passage.dropped)
    if answer.text is None:
        verdict = Verdict(None, f"no answer ({answer.outcome})")
    elif not texts:
        verdict = Verdict(None, "no passages to judge by")
    else:
        verdict = await judge.judge(Claim(question, answer.text, texts))
    value = verdict.value
    faithful = None if value is None else float(value >= THRESHOLD)
    return [Score(name, one, verdict.reason) for name, one in zip(_NAMES, (value, faithful), strict=True)]


def _is_judged(config: ExperimentConfig, _rule: ScoringRule) -> bool:
    return config.faithfulness is not None


@asynccontextmanager
async def _open(resources: ScorerResources) -> AsyncIterator[Scorer]:
    chosen = resources.config.faithfulness
    if chosen is None:
        raise ScorerUnavailable("The configuration names no judge of faithfulness.")
    if chosen.judge == "llm":
        yield FaithfulnessScorer(LlmJudge(await resources.engine(chosen.model), chosen.model))
        return
    try:
        folder = find_model(chosen.model, JUDGE_SETTING)
        require_entailment(folder)
    except (ModelUnavailable, NoEntailmentLabel) as error:
        raise ScorerUnavailable(str(error)) from error
    nli = BatchedNli(NliModel(folder), fingerprint(folder), resources.judgements)
    try:
        yield FaithfulnessScorer(NliJudge(nli))
    finally:
        nli.close()


FAITHFULNESS = RegisteredScorer(
    "faithfulness",
    (
        ScoreDescription(
            "faithful", 1, "binary", GROUP, "Faithful", f"The answer's faithfulness is at least {THRESHOLD}."
        ),
        ScoreDescription(
            "faithfulness",
            1,
            "graded",
            GROUP,
            "Faithfulness",
            "How far the answer follows from the passages in the prompt, as the judge sees it.",
        ),
    ),
    _open,
    _is_judged,
    judges=True,
)

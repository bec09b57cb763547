"""Scoring of a single answer in tests, by the scorers that an experiment would have."""

from collections.abc import Sequence
from typing import Any, cast

from app.domain.prediction import ParsedAnswer, Prediction, ScoredSample
from app.domain.scoring import Score, ScoringRule
from app.services.evaluation.scorers.base import ScorerResources, open_scoring
from app.services.evaluation.scorers.registry import SCORERS
from tests.factories import config, example


def scorer_names(rule: ScoringRule, **fields: Any) -> list[str]:
    """Return the names of the scorers of an experiment on a dataset with this rule."""
    return [scorer.name for scorer in SCORERS.of(config(**fields), rule)]


async def score_answer(
    parsed: ParsedAnswer, output: str, answers: Sequence[str], rule: ScoringRule
) -> list[Score]:
    """Return the scores of an answer for which nothing was retrieved, and nobody judges."""
    sample = ScoredSample(example("Which?", *answers), Prediction(output, parsed, ()), rule)
    nothing = cast(ScorerResources, None)
    async with open_scoring(SCORERS.of(config(), rule), nothing) as scoring:
        return await scoring(sample)

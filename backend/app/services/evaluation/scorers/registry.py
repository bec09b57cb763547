"""All scorers. A new one is added to the list at the end of this module."""

from collections.abc import Sequence

from app.domain.scoring import ScoreDescription, ScoringRule
from app.schemas.experiment_config import ExperimentConfig
from app.services.evaluation.scorers.base import RegisteredScorer
from app.services.evaluation.scorers.faithfulness import FAITHFULNESS
from app.services.evaluation.scorers.reader_model import READER_MODEL
from app.services.evaluation.scorers.retrieval import RETRIEVAL
from app.services.evaluation.scorers.text import (
    CONTAINS,
    EXACT_MATCH,
    F1,
    NUMBER_FLEXIBLE,
    NUMBER_OFFICIAL,
    NUMBER_STRICT,
)


class ScorerRegistry:
    """Scorers by name, in the order in which their scores are shown."""

    def __init__(self, scorers: Sequence[RegisteredScorer]) -> None:
        self._scorers: dict[str, RegisteredScorer] = {}
        for scorer in scorers:
            self._add(scorer)

    def _add(self, scorer: RegisteredScorer) -> None:
        taken = {score.name for score in self.descriptions()}
        if scorer.name in self._scorers or any(score.name in taken for score in scorer.scores):
            raise ValueError(f"there is already a scorer {scorer.name!r}, or one of its scores")
        self._scorers[scorer.name] = scorer

    def get(self, name: str) -> RegisteredScorer | None:
        """Return the scorer that configurations call ``name``."""
        return self._scorers.get(name)

    def chosen_by_name(self) -> list[str]:
        """Return the names of the scorers that are used only where a configuration names them."""
        return [name for name, scorer in self._scorers.items() if scorer.applies is None]

    def of(self, config: ExperimentConfig, rule: ScoringRule) -> list[RegisteredScorer]:
        """Return the scorers of an experiment on a dataset with this scoring rule."""
        return [scorer for scorer in self._scorers.values() if scorer.is_for(config, rule)]

    def descriptions(self) -> list[ScoreDescription]:
        """Return the descriptions of all scores, in the order in which they are shown."""
        return [score for scorer in self._scorers.values() for score in scorer.scores]

    def describe(self, name: str) -> ScoreDescription:
        """Return what a score is; a plain description for stored ones whose scorer is gone."""
        for score in self.descriptions():
            if score.name == name:
                return score
        label = name.replace("_", " ").capitalize()
        return ScoreDescription(name, 0, "graded", "answer", label, "Its scorer no longer exists.")


SCORERS = ScorerRegistry(
    [
        EXACT_MATCH,
        CONTAINS,
        F1,
        NUMBER_STRICT,
        NUMBER_FLEXIBLE,
        NUMBER_OFFICIAL,
        READER_MODEL,
        RETRIEVAL,
        FAITHFULNESS,
    ]
)

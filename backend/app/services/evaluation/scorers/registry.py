"""All scorers: those of the list at the end of this module, and those of the user's own folder."""

from collections.abc import Iterable, Sequence
from os import stat_result
from pathlib import Path

from app.domain.harness import SCORE_VERSION, score_label
from app.domain.scoring import ScoreDescription, ScoringRule
from app.schemas.experiment_config import ExperimentConfig
from app.services.evaluation.scorers.base import RegisteredScorer
from app.services.evaluation.scorers.faithfulness import FAITHFULNESS
from app.services.evaluation.scorers.own import OwnScorers, load_own_scorers
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


def _scorer_files(folder: Path) -> list[tuple[Path, stat_result]]:
    try:
        found = sorted(one for one in folder.glob("*.py") if one.name[0] not in "_.")
        return [(one, one.stat()) for one in found]
    except OSError:  # as if it were empty: the check of the installation says that it is not there
        return []


class ScorerRegistry:
    """Scorers by name, in the order in which their scores are shown; those of one's own come last."""

    def __init__(self, scorers: Sequence[RegisteredScorer]) -> None:
        self._scorers: dict[str, RegisteredScorer] = {}
        for scorer in scorers:
            self._add(scorer)
        self.built_in = tuple(self._scorers.values())
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self.own = OwnScorers()

    def load_own(self, folder: Path | None) -> None:
        """Take over the scorers of the files of ``folder``, unless these are as they were the last time.

        Files whose names begin with ``_`` or ``.`` are left out.
        """
        files = [] if folder is None else _scorer_files(folder)
        seen = tuple((str(file), state.st_mtime_ns, state.st_size) for file, state in files)
        if seen == self._seen:
            return
        names = {name for one in self.built_in for name in (one.name, *(s.name for s in one.scores))}
        own = load_own_scorers([file for file, _ in files], frozenset(names))
        every = (*self.built_in, *own.scorers)
        self._scorers, self.own, self._seen = {one.name: one for one in every}, own, seen

    def own_files(self, names: Iterable[str]) -> dict[str, str]:
        """Return a hash of the file of each of these scorers that is of the user's own."""
        hashes = dict(self.own.hashes)
        return {name: hashes[name] for name in names if name in hashes}

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
        theirs = score_label(name)
        if theirs is not None:
            help_ = "The harness's own score, as it was imported."
            return ScoreDescription(name, SCORE_VERSION, "graded", "harness", theirs, help_)
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

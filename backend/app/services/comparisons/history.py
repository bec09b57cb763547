"""The same configuration over time: each experiment against a reference, and against the one before it.

The differences from the reference are one family, those from the one before another.
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput, NotFound
from app.domain.provenance import Provenance
from app.domain.scoring import DEFAULT_MARGIN
from app.models import Experiment
from app.schemas.scoring import ORIGINAL
from app.services.comparisons.compare import ScoreComparison, compare_score
from app.services.comparisons.pairing import RunArrays, pair
from app.services.comparisons.repository import RunArraysRepository
from app.services.experiments.history_repository import HistoryRepository
from app.services.results.run_map import require_score
from app.services.results.service import ExperimentResult, ResultService

MOST_SHOWN = 50
"""Experiments of one configuration that are compared, the newest ones."""


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One experiment of a history.

    Attributes:
        result: with the experiment.
        changes: what was otherwise than in the experiment before it, in words.
        against_reference: its difference from the reference; ``None`` for the reference itself, or if the
            scorers' versions differ.
        against_previous: its difference from the experiment before it; ``None`` for the first one, or if the
            scorers' versions differ.
    """

    result: ExperimentResult
    changes: list[str]
    against_reference: ScoreComparison | None
    against_previous: ScoreComparison | None

    @property
    def experiment(self) -> Experiment:
        """Which experiment it is."""
        return self.result.experiment


@dataclass(frozen=True, slots=True)
class History:
    """The experiments of one configuration, the oldest first, and the one that they are compared with.

    Attributes:
        config_hash: of the configuration.
        reference: that all are compared with.
        steps: of the experiments that have the scoring.
        scoring: by which they are compared.
        left_out: experiments without that scoring.
    """

    config_hash: str
    reference: Experiment
    steps: list[HistoryStep]
    scoring: str = ORIGINAL
    left_out: int = 0


class HistoryService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._history = HistoryRepository(session)
        self._arrays = RunArraysRepository(session)

    async def history(
        self,
        experiment_id: uuid.UUID,
        score: str,
        reference: uuid.UUID | None = None,
        margin: float = DEFAULT_MARGIN,
        scoring: str = ORIGINAL,
    ) -> History:
        """Return the experiments with the configuration of this one that have a result.

        Args:
            experiment_id: one of them; it may have no result itself.
            score: that is compared.
            reference: one of them; if left out, the first one.
            margin: the largest difference of the score that does not matter.
            scoring: name of a scoring, of those experiments that have it; the others are left out.

        Raises:
            NotFound: if there is no experiment, none of its configuration has a result, or this one has no
                such scoring.
            InvalidInput: for a reference with another configuration or without a result, or a score that it
                does not have.
        """
        one = await self._results.experiment(experiment_id)
        results, left_out = await self._results_of(one, scoring)
        found = [each.experiment for each in results]
        chosen = _reference(found, reference)
        provenances = {each.experiment.id: _provenance(each) for each in results}
        require_score(score, list(provenances[chosen.id].scorers))
        versions = {each: provenance.scorers.get(score) for each, provenance in provenances.items()}
        scored = [each for each in provenances if versions[each] is not None]
        by = {each.experiment.id: each.scoring_id for each in results}
        runs = {each: await self._arrays.arrays(each, [score], scoring_id=by[each]) for each in scored}
        ids = [each.id for each in found]
        previous = dict(zip(ids[1:], ids, strict=False))
        families = (
            [(chosen.id, each) for each in scored if each != chosen.id],
            [(before, each) for each, before in previous.items()],
        )
        comparable = [
            [(first, each) for first, each in family if first in runs and versions[first] == versions[each]]
            for family in families
        ]
        against_reference, against_previous = await asyncio.to_thread(
            lambda: [_compared(runs, family, score, margin) for family in comparable]
        )
        steps = [
            HistoryStep(
                each,
                _changes_since(previous.get(each.experiment.id), each.experiment.id, provenances, score),
                against_reference.get(each.experiment.id),
                against_previous.get(each.experiment.id),
            )
            for each in results
        ]
        return History(one.config_hash, chosen, steps, scoring, left_out)

    async def _results_of(self, one: Experiment, scoring: str) -> tuple[list[ExperimentResult], int]:
        """Return the results of a configuration by a scoring, and how many have no such scoring."""
        await self._results.scoring_id(one.id, scoring)
        same = await self._history.with_results(one.config_hash, MOST_SHOWN)
        if not same:
            await self._results.result(one.id)  # says why there is none
        found = []
        for each in same:
            try:
                found.append(await self._results.result(each.id, scoring))
            except NotFound:  # it was not scored again in this way
                continue
        return found, len(same) - len(found)


def _provenance(of: ExperimentResult) -> Provenance:
    """Return the provenance of an experiment, with the scorers and the dataset of the scoring."""
    made = of.experiment.provenance if of.scoring_id is None else of.result.provenance
    return Provenance.from_json(made)


def _reference(found: Sequence[Experiment], wanted: uuid.UUID | None) -> Experiment:
    if wanted is None:
        return found[0]
    for one in found:
        if one.id == wanted:
            return one
    raise InvalidInput(
        f"The reference {wanted} is none of the {len(found)} results of this configuration.",
        hint="Choose one of the history, such as its first.",
        errors=[FieldError("reference", "has another configuration, or no result")],
    )


def _compared(
    runs: Mapping[uuid.UUID, RunArrays],
    pairs: Sequence[tuple[uuid.UUID, uuid.UUID]],
    score: str,
    margin: float,
) -> dict[uuid.UUID, ScoreComparison]:
    """Return the second of each pair against its first, all of them as one family."""
    sides = [(runs[first], runs[second], pair(runs[first], runs[second])) for first, second in pairs]
    compared = compare_score(sides, score, margin)
    return {second: one for (_, second), one in zip(pairs, compared, strict=True)}


def _changes_since(
    before: uuid.UUID | None, now: uuid.UUID, provenances: Mapping[uuid.UUID, Provenance], score: str
) -> list[str]:
    return [] if before is None else changes(provenances[before], provenances[now], score)


def changes(before: Provenance, now: Provenance, score: str) -> list[str]:
    """Return what is otherwise than before, though the configuration is the same, in words.

    Args:
        before: of an experiment.
        now: of a later one.
        score: whose scorer matters.
    """
    codes = [f"{one.code.version or '?'} ({(one.code.commit or 'no commit')[:8]})" for one in (before, now)]
    scorers = [str(one.scorers.get(score, "none")) for one in (before, now)]
    pairs = (
        (f"dataset {now.dataset.name}", before.dataset.version, now.dataset.version),
        ("model's fingerprint", before.model_fingerprint[:8], now.model_fingerprint[:8]),
        ("prompt", before.prompt_hash[:8], now.prompt_hash[:8]),
        ("index", _index(before), _index(now)),
        (f"scorer of {score}", *scorers),
        (f"file of the scorer {score}", *(one.own_scorers.get(score, "") for one in (before, now))),
        ("LlmForge", *codes),
        ("Python", before.python, now.python),
        ("platform", before.platform, now.platform),
        *((name, before.packages.get(name), version) for name, version in now.packages.items()),
    )
    return [f"{what}: {old or 'none'} → {new or 'none'}" for what, old, new in pairs if old != new]


def _index(one: Provenance) -> str:
    return "" if one.retrieval is None else one.retrieval.index or ""

"""The same configuration over time: each experiment against a reference, and against the one before it.

The differences from the reference are one family, those from the one before another.
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.domain.provenance import Provenance
from app.domain.scoring import DEFAULT_MARGIN
from app.models import Experiment
from app.services.comparisons.compare import ScoreComparison, compare_score
from app.services.comparisons.pairing import RunArrays, pair
from app.services.comparisons.repository import RunArraysRepository
from app.services.experiments.history_repository import HistoryRepository
from app.services.results.run_map import require_score
from app.services.results.service import ResultService

MOST_SHOWN = 50
"""Experiments of one configuration that are compared, the newest ones."""


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One experiment of a history.

    Attributes:
        experiment: with its result.
        changes: what was otherwise than in the experiment before it, in words.
        against_reference: its difference from the reference; ``None`` for the reference itself, or if the
            scorers' versions differ.
        against_previous: its difference from the experiment before it; ``None`` for the first one, or if the
            scorers' versions differ.
    """

    experiment: Experiment
    changes: list[str]
    against_reference: ScoreComparison | None
    against_previous: ScoreComparison | None


@dataclass(frozen=True, slots=True)
class History:
    """The experiments of one configuration, the oldest first, and the one that they are compared with."""

    config_hash: str
    reference: Experiment
    steps: list[HistoryStep]


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
    ) -> History:
        """Return the experiments with the configuration of this one that have a result.

        Args:
            experiment_id: one of them; it may have no result itself.
            score: that is compared.
            reference: one of them; if left out, the first one.
            margin: the largest difference of the score that does not matter.

        Raises:
            NotFound: if there is no experiment, or none of its configuration has a result.
            InvalidInput: for a reference with another configuration or without a result, or a score that it
                does not have.
        """
        one = await self._results.experiment(experiment_id)
        found = await self._history.with_results(one.config_hash, MOST_SHOWN)
        if not found:
            await self._results.result(experiment_id)  # says why there is none
        chosen = _reference(found, reference)
        provenances = {each.id: Provenance.from_json(each.provenance) for each in found}
        require_score(score, list(provenances[chosen.id].scorers))
        versions = {each: provenance.scorers.get(score) for each, provenance in provenances.items()}
        scored = [each for each in provenances if versions[each] is not None]
        runs = {each: await self._arrays.arrays(each, [score]) for each in scored}
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
                _changes_since(previous.get(each.id), each.id, provenances, score),
                against_reference.get(each.id),
                against_previous.get(each.id),
            )
            for each in found
        ]
        return History(one.config_hash, chosen, steps)


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
        ("LlmForge", *codes),
        ("Python", before.python, now.python),
        ("platform", before.platform, now.platform),
        *((name, before.packages.get(name), version) for name, version in now.packages.items()),
    )
    return [f"{what}: {old or 'none'} → {new or 'none'}" for what, old, new in pairs if old != new]


def _index(one: Provenance) -> str:
    return "" if one.retrieval is None else one.retrieval.index or ""

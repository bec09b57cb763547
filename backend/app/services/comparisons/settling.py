"""Comparisons that end as soon as they are settled, as the API shows them."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput, NotFound
from app.domain.json import JsonObject
from app.domain.rounding import interval_in_points, percent, signed_points
from app.domain.status import ExperimentStatus
from app.models import Experiment, SequentialComparison
from app.schemas.comparison import ComparisonConfig, Settling, SettlingSide
from app.schemas.experiment_config import ExperimentConfig
from app.services.datasets.repository import DatasetRepository
from app.services.evaluation.scorers.registry import SCORERS
from app.services.evaluation.statistics.anytime import PairedBets
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.sequential_repository import SequentialRepository
from app.services.experiments.sequential_scores import answered_differences

_CUT_SHORT = (ExperimentStatus.CANCELLED, ExperimentStatus.FAILED)

PEEKED = (
    "The ordinary intervals and p values beside it were computed once it had ended: of comparisons that end "
    "early, they exclude 0 too often, and the differences that they show are too large in the mean."
)


def check_settling(
    comparison: ComparisonConfig, configs: Sequence[ExperimentConfig], units: int, n: int
) -> None:
    """Refuse what cannot end as soon as it is settled.

    Args:
        comparison: the file.
        configs: of its experiments.
        units: independent ones among the questions.
        n: questions.

    Raises:
        InvalidInput: names the field.
    """
    problems = []
    if comparison.score not in {score.name for score in SCORERS.descriptions()}:
        problems.append(FieldError("score", "there is no such score; `GET /api/v1/scores` lists them"))
    if any(one.execution.mode == "batch_job" for one in configs):
        problems.append(FieldError("stop", "batch jobs at a provider are answered as a whole"))
    if units < n:
        problems.append(
            FieldError("stop", f"needs independent questions: these {n:,} belong to {units:,} units")
        )
    if problems:
        raise InvalidInput(f"{problems[0].field}: {problems[0].message}", errors=problems)


class SettlingService:
    """Stores such comparisons, and tells how far they are."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._repository = SequentialRepository(session)

    async def store(self, comparison: ComparisonConfig, experiments: Sequence[Experiment]) -> None:
        """Let these experiments, the baseline first, end as soon as their comparison is settled."""
        row = SequentialComparison(
            id=uuid.uuid4(),
            score=comparison.score,
            margin=comparison.margin,
            experiments=[
                {"id": str(one.id), "name": variant.name}
                for one, variant in zip(experiments, comparison.variants, strict=True)
            ],
        )
        await self._repository.add(row, [one.id for one in experiments])
        await self._session.commit()

    async def get(self, comparison_id: uuid.UUID) -> Settling:
        """Return how far a comparison is.

        Raises:
            NotFound: if there is none.
        """
        row = await self._repository.find(comparison_id)
        if row is None:
            raise NotFound(f"There is no comparison {comparison_id} that ends when it is settled.")
        repository = ExperimentRepository(self._session)
        found = [await repository.get(uuid.UUID(one["id"]), deleted=True) for one in row.experiments]
        return _described(row, [one for one in found if one is not None])

    async def bets(self, experiments: Sequence[Experiment], margin: float) -> PairedBets:
        """Return the bets on the difference of two experiments, as far as both have answered.

        That may be a few questions more than were looked at before they ended, which is as valid.

        Args:
            experiments: the baseline of a comparison that ends when it is settled, and another of it.
            margin: the largest difference that does not matter.

        Raises:
            NotFound: if they belong to no such comparison.
        """
        baseline, other = experiments
        row = await self._repository.find(baseline.sequential_id) if baseline.sequential_id else None
        if row is None:
            raise NotFound(f"{baseline.id} belongs to no comparison that ends when it is settled.")
        repeats = int(baseline.config["repeats"])
        datasets = DatasetRepository(self._session)
        examples = await datasets.sample_ids(baseline.dataset_id, baseline.total // repeats, baseline.seed)
        ids = [baseline.id, other.id]
        runs = await self._repository.runs(ids, examples, row.score)
        bets = PairedBets(margin)
        for low, high in answered_differences(runs, ids, examples, repeats) or []:
            bets.add(low, high)
        return bets

    async def shared(self, experiments: Sequence[Experiment]) -> Settling | None:
        """Return the comparison that all these experiments belong to, with the same baseline."""
        first = experiments[0].sequential_id
        if first is None or any(one.sequential_id != first for one in experiments):
            return None
        row = await self._repository.find(first)
        if row is None or row.experiments[0]["id"] != str(experiments[0].id):
            return None
        return _described(row, experiments)


def _described(row: SequentialComparison, experiments: Sequence[Experiment]) -> Settling:
    state: JsonObject = row.state or {}
    looks: Mapping[str, JsonObject] = state.get("looks", {})
    names = {one["id"]: one["name"] for one in row.experiments}
    baseline = row.experiments[0]["name"]
    sides = [
        _side(one.id, (baseline, names[str(one.id)]), looks[str(one.id)])
        for one in experiments
        if str(one.id) in looks
    ]
    # What was settled has completed; what ends for another reason was cancelled or failed.
    saved = {one.id: _missing(one) for one in experiments if one.status == ExperimentStatus.COMPLETED}
    settled = bool(sides) and all(one.settled for one in sides)
    return Settling(
        id=row.id,
        score=row.score,
        margin=row.margin,
        planned=state.get("planned", 0),
        asked=state.get("questions", 0),
        settled=settled,
        sides=sides,
        saved_runs=sum(saved.values()),
        saved_usd=_saved_usd(experiments, saved),
        unfinished=[
            f"{names[str(one.id)]}: {_missing(one):,} planned runs were not made. {one.reason or ''}".strip()
            for one in experiments
            if one.status in _CUT_SHORT and _missing(one)
        ],
        notes=[PEEKED] if any(one.settled for one in sides) else [],
    )


def _side(experiment_id: uuid.UUID, names: tuple[str, str], look: JsonObject) -> SettlingSide:
    interval = interval_in_points(look["low"], look["high"])
    verdict = look["sentence"]
    when = f"{'settled ' if look['settled'] else ''}after {look['asked']:,} questions"
    return SettlingSide(
        experiment_id=experiment_id,
        name=names[1],
        asked=look["asked"],
        compared=look["questions"],
        difference=look["difference"],
        low=look["low"],
        high=look["high"],
        level=look["level"],
        two_tests_low=look["equivalence"]["low"],
        two_tests_high=look["equivalence"]["high"],
        two_tests_level=look["equivalence"]["level"],
        p=look["p"],
        settled=look["settled"],
        verdict=look["equivalence"]["verdict"],
        message=f"{names[1]} against {names[0]}, {when}: {verdict}; difference "
        f"{signed_points(look['difference'])} points, "
        f"anytime-valid {percent(look['level'])} interval {interval}.",
    )


def _stored(experiment: Experiment) -> int:
    progress = experiment.progress_snapshot
    return progress.done if progress else 0


def _missing(experiment: Experiment) -> int:
    return experiment.total - _stored(experiment)


def _saved_usd(experiments: Sequence[Experiment], saved: Mapping[uuid.UUID, int]) -> float | None:
    """Return what runs that were saved would have cost; ``None`` if the price of a run is unknown."""
    total = 0.0
    for one in experiments:
        runs, stored = saved.get(one.id, 0), _stored(one)
        if not runs:
            continue
        if one.cost_usd is None or not stored:
            return None
        total += one.cost_usd / stored * runs
    return total

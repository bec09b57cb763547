"""Asking for scorings, finding and removing them."""

import uuid
from functools import partial

from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.access import acting
from app.core.errors import Conflict, FieldError, InvalidInput, NotFound
from app.core.logging import get_logger
from app.domain.json import JsonObject
from app.domain.status import ExperimentStatus
from app.models import Dataset, Experiment, ScoringRow
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.scoring import ORIGINAL, NewerDataset, ScoringCreate, ScoringOut, ScoringRequest, ScoringsOut
from app.services.datasets.repository import DatasetRepository
from app.services.datasets.service import DatasetService
from app.services.evaluation.scorers.registry import SCORERS
from app.services.execution.dispatcher import RunHere
from app.services.execution.queueing import enqueue
from app.services.experiments.provenance import code_version
from app.services.experiments.service import ExperimentService
from app.services.experiments.validation import check_judge, check_scorers
from app.services.runs.scoring_repository import ScoringRepository
from app.services.runtime import Runtime
from app.services.scorings.reading import PARSERS
from app.services.scorings.request import reads_outputs, scoring_config
from app.services.scorings.work import ScoringWork

log = get_logger(__name__)

_VERSION_SHOWN = 8  # characters of a dataset's version in a made name


class ScoringService:
    """What users do with scorings; commits what it changes.

    Args:
        session: of the database.
        runtime: of this process.
        run_here: called with the work if there is no queue to put it on.
    """

    def __init__(self, session: AsyncSession, runtime: Runtime, run_here: RunHere) -> None:
        self._session = session
        self._runtime = runtime
        self._run_here = run_here
        self._experiments = ExperimentService(session, runtime)
        self._repository = ScoringRepository(session)

    async def create(self, experiment_id: uuid.UUID, wanted: ScoringCreate) -> ScoringOut:
        """Ask for a scoring, or for what one of the same name and request lacks.

        Raises:
            NotFound: if there is no such experiment.
            Conflict: if it has not ended, or a scoring of that name was asked for otherwise.
            InvalidInput: if a scorer, judge or dataset version does not exist or does not fit.
        """
        experiment = await self._experiments.get(experiment_id)
        if not ExperimentStatus(experiment.status).ended:
            raise Conflict(
                f"The experiment is {experiment.status}.", hint="Score its outputs again once it has ended."
            )
        request = ScoringRequest.model_validate(wanted.model_dump(exclude={"name"}, exclude_unset=True))
        SCORERS.load_own(self._runtime.settings.scorers_dir)
        config = scoring_config(experiment, request)
        check_scorers(config, self._runtime.models(), model_needed=True)
        await check_judge(config, self._runtime.models())
        dataset = await self._dataset(experiment, request)
        name = wanted.name or _name_of(request, dataset)
        if name == ORIGINAL:
            raise InvalidInput(
                f"{ORIGINAL} is the scoring that the experiment was run with.",
                hint="Choose another name.",
                errors=[FieldError("name", "is taken")],
            )
        stored = request.model_dump(mode="json", exclude_unset=True)
        row = await self._repository.find(experiment_id, name)
        if row is None:
            row = self._new(experiment, name, stored, config, dataset)
            await self._repository.add(row)
        elif row.request != stored or row.dataset_id != dataset.id:
            raise Conflict(
                f"There is a scoring {name!r} of this experiment that scores otherwise.",
                hint="Choose another name, or delete it.",
            )
        elif row.status in {"COMPLETED", "FAILED"}:
            await self._repository.queue(row.id)
        await self._session.commit()
        await self._dispatch(row.id)
        return await self.get(experiment_id, name)

    async def get(self, experiment_id: uuid.UUID, name: str) -> ScoringOut:
        """Return a scoring.

        Raises:
            NotFound: if there is none; says which there are.
        """
        await self._experiments.get(experiment_id)
        row = await self._repository.find(experiment_id, name)
        if row is None:
            there = ", ".join(one.name for one in await self._repository.of(experiment_id))
            raise NotFound(
                f"The experiment has no scoring {name!r}.",
                hint=f"It has: {ORIGINAL}{', ' if there else ''}{there}.",
            )
        return await self._out(row)

    async def list_all(self, experiment_id: uuid.UUID) -> ScoringsOut:
        """Return the scorings of an experiment, and what could be scored again.

        Raises:
            NotFound: if there is no such experiment.
        """
        experiment = await self._experiments.get(experiment_id)
        SCORERS.load_own(self._runtime.settings.scorers_dir)
        rows = await self._repository.of(experiment_id)
        return ScoringsOut(
            items=[await self._out(row) for row in rows],
            newer_dataset=await self._newer_dataset(experiment),
            parsers=list(PARSERS) if reads_outputs(experiment) else [],
            scorers=SCORERS.chosen_by_name(),
        )

    async def delete(self, experiment_id: uuid.UUID, name: str) -> None:
        """Remove a scoring; the original one and all runs stay.

        Raises:
            NotFound: if there is none.
        """
        if not await self._repository.delete(experiment_id, name):
            raise NotFound(f"The experiment has no scoring {name!r}.")
        await self._session.commit()

    async def _out(self, row: ScoringRow) -> ScoringOut:
        ended = row.status == "COMPLETED"
        missing = await self._repository.count_missing(row) if ended else 0
        known = {name: getattr(row, name) for name in ScoringOut.model_fields if name not in _WORKED_OUT}
        return ScoringOut.model_validate(
            {
                **known,
                "dataset": {"version": row.dataset.version},
                "changes": row.changes or [],
                "missing": missing,
            }
        )

    async def _dataset(self, experiment: Experiment, request: ScoringRequest) -> Dataset:
        if request.dataset_version is not None:
            datasets = DatasetService(self._session)
            name = experiment.dataset_name
            return await datasets.require(name, request.dataset_version, "dataset_version")
        dataset = await DatasetRepository(self._session).get(experiment.dataset_id)
        if dataset is None:
            raise NotFound("The dataset of this experiment is gone.")
        return dataset

    def _new(
        self,
        experiment: Experiment,
        name: str,
        request: JsonObject,
        config: ExperimentConfig,
        dataset: Dataset,
    ) -> ScoringRow:
        scorers = SCORERS.of(config, dataset.scoring)
        return ScoringRow(
            id=uuid.uuid4(),
            experiment_id=experiment.id,
            name=name,
            request=request,
            scorers={score.name: score.version for one in scorers for score in one.scores},
            dataset_id=dataset.id,
            created_by=acting(),
            code_version=code_version().version,
            status="PENDING",
        )

    async def _newer_dataset(self, experiment: Experiment) -> NewerDataset | None:
        newest = await DatasetRepository(self._session).find(experiment.dataset_name)
        if newest is None or newest.id == experiment.dataset_id:
            return None
        changed = await self._repository.count_changed(experiment.id, newest.id)
        return NewerDataset(version=newest.version, changed=changed) if changed else None

    async def _dispatch(self, scoring_id: uuid.UUID) -> None:
        if self._runtime.redis_url:
            try:
                await enqueue(self._runtime, scoring_id)
                return
            except (RedisError, OSError) as error:
                log.warning("queue_away", error=type(error).__name__)
        self._run_here(partial(ScoringWork(self._runtime, scoring_id).run))


_WORKED_OUT = frozenset({"dataset_version", "changes", "missing"})


def _name_of(request: ScoringRequest, dataset: Dataset) -> str:
    """Return a name that says what a scoring does."""
    parts = [*request.scorers]
    if request.parser is not None:
        parts.append(f"parser-{request.parser}")
    if request.faithfulness is not None:
        parts.append(f"judge-{request.faithfulness.judge}")
    if request.dataset_version is not None:
        parts.append(f"dataset-{dataset.version[:_VERSION_SHOWN]}")
    return "+".join(parts)[:80] or f"scorers-of-{code_version().version}"

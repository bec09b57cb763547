"""Matrices: found or made, and run trial by trial."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import AppError, Conflict, InvalidInput, NotFound, Unavailable
from app.core.logging import get_logger
from app.domain.status import ExperimentStatus
from app.models import Experiment, Matrix, MatrixTrial
from app.schemas.matrix_config import MatrixConfig
from app.services.execution.dispatcher import Dispatcher
from app.services.experiments.service import ExperimentService
from app.services.experiments.validation import validate
from app.services.matrices.expansion import PlannedTrial, check, experiment_of, order_of_trials, pinned
from app.services.matrices.prompt_caches import as_possible
from app.services.matrices.repository import MatrixRepository
from app.services.notifications.repository import DeliveryRepository
from app.services.runtime import Runtime

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoredMatrix:
    """A matrix with its trials in their order, each with its experiment if there is one."""

    matrix: Matrix
    config: MatrixConfig
    trials: Sequence[MatrixTrial]


@dataclass(frozen=True, slots=True)
class NextTrial:
    """The trial whose turn it is, with its experiment; ``None``: none is left.

    Attributes:
        ended: trials that have ended or cannot be run.
        total: all trials.
    """

    trial: PlannedTrial | None
    experiment: Experiment | None
    ended: int
    total: int


class MatrixService:
    """What users do with matrices; commits what it changes."""

    def __init__(self, session: AsyncSession, runtime: Runtime) -> None:
        self._session = session
        self._runtime = runtime
        self._repository = MatrixRepository(session)
        self._experiments = ExperimentService(session, runtime)

    async def find_or_create(self, config: MatrixConfig, *, anew: bool = False) -> StoredMatrix:
        """Return the newest matrix with this configuration, or a new one if there is none.

        Args:
            config: of the matrix.
            anew: make a new one even if there is one.

        Raises:
            InvalidInput: if something does not exist or does not fit together; names the field.
        """
        found = None if anew else await self._repository.newest(config.hash())
        if found is not None:
            return await self.get(found.id)
        experiments = [as_possible(self._runtime, one) for one in check(config)]
        checked = [await validate(self._session, self._runtime, one) for one in experiments]
        version = checked[0].dataset.version
        matrix = Matrix(
            id=uuid.uuid4(),
            name=config.name,
            description=config.description,
            config=pinned(config.as_json(), version),
            config_hash=config.hash(),
        )
        trials = [
            MatrixTrial(
                matrix_id=matrix.id,
                position=position,
                method=one.method,
                optimisation=one.optimisation,
                round=one.round,
            )
            for position, one in enumerate(order_of_trials(config, experiments[0].seed))
        ]
        await self._repository.add(matrix, trials)
        await self._session.commit()
        log.info("matrix_created", matrix_id=str(matrix.id), trials=len(trials))
        return await self.get(matrix.id)

    async def get(self, matrix_id: uuid.UUID) -> StoredMatrix:
        """Return a matrix.

        Raises:
            NotFound: if there is none, or it is deleted.
            Conflict: if this version cannot read its configuration.
        """
        matrix = await self._repository.get(matrix_id)
        if matrix is None:
            raise NotFound(f"There is no matrix {matrix_id}.", hint="GET /api/v1/matrices lists them.")
        return await self._stored(matrix)

    async def list_page(self, offset: int, limit: int) -> tuple[list[StoredMatrix], int]:
        """Return a page of matrices, the newest first, and how many there are."""
        rows, total = await self._repository.list_page(offset, limit)
        return [await self._stored(row) for row in rows], total

    async def delete(self, matrix_id: uuid.UUID) -> None:
        """Hide a matrix; its experiments stay.

        Raises:
            NotFound: if there is none.
        """
        await self.get(matrix_id)
        await self._repository.hide(matrix_id)
        await self._session.commit()

    async def _stored(self, matrix: Matrix) -> StoredMatrix:
        try:
            config = MatrixConfig.model_validate(matrix.config)
        except ValidationError as error:
            raise Conflict(
                f"This version cannot read the configuration of the matrix {matrix.name}.",
                hint="Run its file again to make a new one.",
            ) from error
        return StoredMatrix(matrix, config, await self._repository.trials(matrix.id))

    # -- running it -------------------------------------------------------------------------------

    async def forget_failed(self, matrix_id: uuid.UUID) -> None:
        """Make trials that failed, were cancelled or could not be run wait again; their experiments stay.

        Raises:
            NotFound: if there is no such matrix.
        """
        stored = await self.get(matrix_id)
        for trial in stored.trials:
            experiment = experiment_of_trial(trial)
            completed = experiment is not None and experiment.status == ExperimentStatus.COMPLETED
            if is_over(trial) and not completed:
                await self._repository.store(trial.key, None)
        await self._session.commit()

    async def run_next(self, matrix_id: uuid.UUID, dispatcher: Dispatcher) -> NextTrial:
        """Start the next trial, unless one is at work: trials are run one at a time.

        A trial that cannot be started is stored with the reason, and the one after it is started.

        Args:
            matrix_id: of the matrix.
            dispatcher: starts experiments.

        Raises:
            NotFound: if there is no such matrix.
            Unavailable: if the database or the queue is away.
        """
        while True:
            stored = await self.get(matrix_id)
            trial = next((one for one in stored.trials if not is_over(one)), None)
            ended = sum(is_over(one) for one in stored.trials)
            if trial is None:
                return NextTrial(None, None, ended, len(stored.trials))
            # Read now: a rollback empties what the session has loaded.
            key, planned = trial.key, PlannedTrial(trial.method, trial.optimisation, trial.round)
            total = len(stored.trials)
            try:
                experiment = await self._start(stored, trial, dispatcher)
            except Unavailable:
                raise
            except AppError as error:
                await self._session.rollback()
                await self._repository.store(key, None, f"{error.message} {error.hint}".strip())
                if self._runtime.settings.has_webhook:  # it may have been the last one
                    await DeliveryRepository(self._session).announce_matrix(matrix_id)
                await self._session.commit()
                continue
            if experiment is not None:
                return NextTrial(planned, experiment, ended, total)

    async def _start(
        self, stored: StoredMatrix, trial: MatrixTrial, dispatcher: Dispatcher
    ) -> Experiment | None:
        """Return the experiment of a trial, which is at work; ``None`` if someone else has made another."""
        experiment = experiment_of_trial(trial)
        if experiment is None:
            planned = PlannedTrial(trial.method, trial.optimisation, trial.round)
            config = experiment_of(stored.config, planned, self._scope(stored, trial))
            experiment = await self._experiments.create(as_possible(self._runtime, config))
            created = experiment.id
            if not await self._repository.store(trial.key, created):
                await self._experiments.delete(created)
                return None
            await self._session.commit()
        if experiment.status == ExperimentStatus.PENDING and not experiment.queued:
            started = experiment.id
            try:
                return await dispatcher.start(started)
            except Conflict:
                experiment = await self._experiments.get(started)
                if experiment.status == ExperimentStatus.PENDING and not experiment.queued:
                    raise  # this version cannot run it
                # Someone else has started it meanwhile.
        return experiment

    def _scope(self, stored: StoredMatrix, trial: MatrixTrial) -> str:
        """Return the name under which the answers of a trial are stored.

        Raises:
            InvalidInput: if its answers are those of a cold trial that has none.
        """
        warm, cold = stored.config.warm, stored.config.cold
        if warm is None or cold is None or trial.optimisation != warm.name:
            return f"matrix {uuid.uuid4()}"
        before = next(
            one
            for one in stored.trials
            if (one.method, one.round, one.optimisation) == (trial.method, trial.round, cold.name)
        )
        filled = experiment_of_trial(before)
        if filled is None or filled.status != ExperimentStatus.COMPLETED:
            raise InvalidInput("The trial with a cold cache did not complete: there is nothing to reuse.")
        return str(filled.config["execution"]["cache_scope"])


def experiment_of_trial(trial: MatrixTrial) -> Experiment | None:
    """Return the experiment of a trial; one that was deleted is none, and the trial is run again."""
    experiment = trial.experiment
    return None if experiment is None or experiment.deleted_at is not None else experiment


def is_over(trial: MatrixTrial) -> bool:
    """Return whether nothing is left to do for a trial."""
    experiment = experiment_of_trial(trial)
    if experiment is None:
        return trial.problem is not None
    return ExperimentStatus(experiment.status).ended

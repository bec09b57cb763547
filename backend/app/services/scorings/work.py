"""The work on a scoring: reads answered runs, scores them, and stores the scores beside the runs."""

import asyncio
import uuid
from collections.abc import Sequence

from app.core.database import Session, when_database_answers
from app.core.logging import bind, get_logger
from app.domain.examples import Example
from app.domain.generation import CachedGeneration, GenerationResult
from app.domain.json import JsonObject
from app.domain.prediction import ScoredSample
from app.domain.readable_errors import sentence_of
from app.domain.scoring import Score
from app.models import Example as ExampleRow
from app.models import Experiment, Run, ScoringRow
from app.schemas.scoring import ScoringRequest
from app.services.datasets.repository import to_example
from app.services.evaluation.scorers.base import Scoring
from app.services.execution.budget import open_purse
from app.services.execution.purse import Purse
from app.services.execution.resources import ExperimentFailed, open_scorers
from app.services.experiments.aggregation import scoring_metrics
from app.services.experiments.repository import ExperimentRepository
from app.services.inference.failures import clean
from app.services.runs.cache_repository import CacheRepository
from app.services.runs.repository import RunRepository
from app.services.runs.scoring_repository import ScoringRepository
from app.services.runtime import Runtime
from app.services.scorings.reading import prediction_of
from app.services.scorings.request import scoring_config

log = get_logger(__name__)

_PAGE = 100  # runs that are read, scored and stored together
_NOT_THERE = "the question is not in this version of the dataset"


class ScoringWork:
    """Works on one scoring until all answered runs have their scores; what it has stored stays.

    Args:
        runtime: of this process.
        scoring_id: what to work on.
    """

    def __init__(self, runtime: Runtime, scoring_id: uuid.UUID) -> None:
        self._runtime = runtime
        self._id = scoring_id
        self._store = _Answers(runtime)

    async def run(self) -> None:
        """Do the work, unless somebody else does it; an error becomes the reason why it failed."""
        async with self._runtime.sessions() as session:
            repository = ScoringRepository(session)
            began = await repository.begin(self._id, self._runtime.settings.stale_after_s)
            scoring = await repository.get(self._id) if began else None
            await session.commit()
        if scoring is None:
            return
        with bind(scoring_id=str(self._id), experiment_id=str(scoring.experiment_id)):
            try:
                await self._score(scoring)
            except ExperimentFailed as error:
                await self._fail(str(error))
            except Exception as error:
                log.exception("scoring_crashed")
                await self._fail(f"Internal error: {clean(sentence_of(error))}")
            else:
                log.info("scoring_completed", name=scoring.name)

    async def _score(self, scoring: ScoringRow) -> None:
        experiment, total = await self._read(scoring)
        request = ScoringRequest.model_validate(scoring.request)
        config, rule = scoring_config(experiment, request), scoring.dataset.scoring
        purse = await open_purse(self._runtime, None, None, on_empty=lambda: None)
        async with open_scorers(self._runtime, experiment.id, config, rule, self._store, purse) as scorers:
            after = 0
            while runs := await self._page(scoring, after):
                after = runs[-1].id
                examples = await self._examples(scoring, experiment, runs)
                made = [self._row(scoring, request, scorers, run, examples) for run in runs]
                await self._keep(await _unless_spent(purse, asyncio.gather(*made)), total)
        if purse is not None:
            await purse.aclose()
        async with self._runtime.sessions() as session:
            metrics = await scoring_metrics(session, experiment, scoring.id)
            await ScoringRepository(session).complete(scoring.id, metrics)
            await session.commit()

    async def _read(self, scoring: ScoringRow) -> tuple[Experiment, int]:
        async with self._runtime.sessions() as session:
            experiment = await ExperimentRepository(session).get(scoring.experiment_id, deleted=True)
            total = await RunRepository(session).count_answered(scoring.experiment_id)
        if experiment is None:
            raise ExperimentFailed("The experiment is gone.")
        return experiment, total

    async def _page(self, scoring: ScoringRow, after: int) -> Sequence[Run]:
        async with self._runtime.sessions() as session:
            return await ScoringRepository(session).unscored(scoring, after, _PAGE)

    async def _examples(
        self, scoring: ScoringRow, experiment: Experiment, runs: Sequence[Run]
    ) -> dict[int, ExampleRow | None]:
        """Return what each run is scored against, by run; ``None`` if that dataset lacks its question."""
        if scoring.dataset_id == experiment.dataset_id:
            return {run.id: run.example for run in runs}
        async with self._runtime.sessions() as session:
            questions = list({run.example.question for run in runs})
            found = await ScoringRepository(session).examples_like(scoring.dataset_id, questions)
        by_question: dict[str, ExampleRow] = {}
        by_key: dict[tuple[str, str], ExampleRow] = {}
        for one in found:
            by_question.setdefault(one.question, one)
            by_key[one.question, one.key] = one
        return {
            run.id: by_key.get((run.example.question, run.example.key))
            or by_question.get(run.example.question)
            for run in runs
        }

    async def _row(
        self,
        scoring: ScoringRow,
        request: ScoringRequest,
        scorers: Scoring,
        run: Run,
        examples: dict[int, ExampleRow | None],
    ) -> JsonObject:
        against = examples[run.id]
        example: Example = to_example(against or run.example)
        rule = scoring.dataset.scoring
        prediction = await asyncio.to_thread(prediction_of, run, example, rule, request.parser)
        if against is None:
            scores = [Score(name, None, _NOT_THERE) for name in scoring.scorers]
        else:
            scores = await scorers(ScoredSample(example, prediction, rule))
        answer = prediction.answer
        return {
            "scoring_id": scoring.id,
            "run_id": run.id,
            "example_id": (against or run.example).id,
            "answer": answer.text,
            "parse_outcome": answer.outcome,
            "parse_rule": answer.rule,
            "scores": {one.name: {"value": one.value, "reason": one.reason} for one in scores},
        }

    async def _keep(self, rows: Sequence[JsonObject], total: int) -> None:
        async def keep() -> None:
            async with self._runtime.sessions() as session:
                repository = ScoringRepository(session)
                await repository.store(rows)
                await repository.keep(self._id, total)
                await self._store.flush(session)
                await session.commit()

        await when_database_answers(keep, "store scores")

    async def _fail(self, reason: str) -> None:
        async with self._runtime.sessions() as session:
            await ScoringRepository(session).fail(self._id, reason)
            await session.commit()


async def _unless_spent(purse: Purse | None, made: "asyncio.Future[list[JsonObject]]") -> list[JsonObject]:
    """Return what was made.

    Raises:
        ExperimentFailed: if the budget of the day did not cover a call.
    """
    try:
        return await made
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if purse is None or purse.reason is None or (task is not None and task.cancelling()):
            raise
        await purse.aclose()
        raise ExperimentFailed(f"{purse.reason} Score again tomorrow (UTC).") from None


class _Answers:
    """The response cache for models that scorers ask, which are few: a ``CacheStore`` without groups."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._new: list[CachedGeneration] = []

    async def get(self, key: str) -> GenerationResult | None:
        """Return the stored response; see ``CacheStore.get``."""
        async with self._runtime.autocommit() as session:
            return (await CacheRepository(session).get_many([key])).get(key)

    def put(self, key: str, model: str, result: GenerationResult) -> None:
        """Store a response with the next scores; see ``CacheStore.put``."""
        self._new.append(CachedGeneration(key, model, result))

    async def flush(self, session: Session) -> None:
        """Store what is new."""
        if self._new:
            await CacheRepository(session).add_many(self._new)
            self._new.clear()


async def is_scoring(runtime: Runtime, job_id: uuid.UUID) -> bool:
    """Return whether the id of a job is that of a scoring, and not of an experiment."""
    async with runtime.sessions() as session:
        return await ScoringRepository(session).get(job_id) is not None

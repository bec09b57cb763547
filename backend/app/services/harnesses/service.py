"""Storing the logs of other harnesses as experiments, which can be compared and judged, never run."""

import asyncio
import hashlib
import platform
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.core.logging import get_logger
from app.domain.examples import dataset_version
from app.domain.harness import LABELS, SCORE_VERSION
from app.domain.hashing import content_hash
from app.domain.progress import ProgressSnapshot
from app.domain.provenance import DatasetProvenance, Provenance
from app.domain.run import RunRecord
from app.domain.scoring import SCORING_RULES, ScoringRule, scoring_rule
from app.domain.status import ExperimentStatus
from app.models import Dataset, Experiment
from app.schemas.experiment_config import DatasetChoice, ExperimentConfig
from app.schemas.method_config import ImportedMethodConfig
from app.services.datasets.repository import DatasetRepository
from app.services.experiments.aggregation import aggregate
from app.services.experiments.provenance import code_version
from app.services.experiments.repository import ExperimentRepository
from app.services.harnesses.imported import Imported, ImportRequest, Source, imported_as
from app.services.harnesses.logs import BrokenEntry, Log, LoggedAnswer
from app.services.harnesses.matching import Matching, PairedBy, Questions
from app.services.harnesses.reading import broken, read_logs
from app.services.harnesses.scoring import AnswerScoring
from app.services.imports.files import File, Report, clean_filename, require_name
from app.services.results.agreements import agreements_of
from app.services.runs.repository import RunRepository

log = get_logger(__name__)

_ROWS = 500  # runs in one statement
_IDS = uuid.UUID("6f1c2b52-6f0d-4d0e-9c43-6d1f6f1f7a55")
"""Namespace of the ids of imported experiments: the same log gives the same experiment."""
_MODEL_CHARS = 500
_UNIT = "entry"
_SHOWN = 5  # questions in a message


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the answers of a log go: the dataset, and the row id of the example of each question's key."""

    dataset: Dataset
    rows: Mapping[str, int]
    paired_by: PairedBy


@dataclass(frozen=True, slots=True)
class _Place:
    """Which log of an import one is: its number, from 0, and how many there are."""

    request: ImportRequest
    number: int
    logs: int


class HarnessImports:
    """Imports logs of harnesses; what one call imports is one transaction.

    What is held in memory of a log are hashes of its questions; texts wait on disk until they are stored.

    Args:
        session: of the database.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._datasets = DatasetRepository(session)
        self._experiments = ExperimentRepository(session)
        self._runs = RunRepository(session)

    async def add(
        self,
        files: Sequence[File],
        dataset: str = "",
        scoring: str = "",
        columns: Sequence[str] = (),
    ) -> list[Imported]:
        """Import files, all or none.

        Args:
            files: of harnesses; see ``read_logs``.
            dataset: whose questions were asked; a new one is made of them if there is none of this name.
                Empty: named by harness and task.
            scoring: the rule by which our scores compare answers, for a new dataset; empty: ``squad``.
            columns: of a plain file of answers, each as ``field=column``.

        Raises:
            InvalidInput: naming the file and the entry that is wrong; nothing is stored then.
        """
        if not files:
            raise InvalidInput("No file was given.", errors=[FieldError("files", "at least one is needed")])
        rule = _rule(scoring)
        if dataset:
            require_name(dataset, "a dataset")
        given = [File(clean_filename(one.name), one.data) for one in files]
        request = ImportRequest(await asyncio.to_thread(_sources, given), dataset, scoring, columns)
        logs = await asyncio.to_thread(read_logs, given, columns)
        try:
            done = [
                await self._add(one, _Place(request, number, len(logs)), rule)
                for number, one in enumerate(logs)
            ]
        except BrokenEntry as error:
            await self._session.rollback()
            raise broken(given[0].name if len(given) == 1 else "The files", error) from error
        except BaseException:
            await self._session.rollback()
            raise
        await self._session.commit()
        return done

    async def _add(self, one: Log, place: _Place, rule: ScoringRule | None) -> Imported:
        experiment, created = await self._experiment_of(one, place, rule)
        facts = await self._runs.facts(experiment.id)
        if created:
            await aggregate(self._session, experiment.id, wall_s=None, facts=facts)
            log.info("experiment_imported", experiment_id=str(experiment.id), harness=one.harness)
        return imported_as(experiment, agreements_of(facts, facts), created=created)

    async def _experiment_of(
        self, one: Log, place: _Place, rule: ScoringRule | None
    ) -> tuple[Experiment, bool]:
        """Return the experiment of a log, and whether it was made now, with its runs."""
        report = Report(_UNIT)
        with Questions() as questions:
            await asyncio.to_thread(questions.read, one, report)
            report.raise_if_any(one.name, "Is the file complete, and of one evaluation?")
            if not questions.items:
                raise InvalidInput(
                    f"{one.name} has no answers.", errors=[FieldError("files", "a log without answers")]
                )
            target = await self._target(one, questions, place.request.dataset, rule)
            experiment_id = _experiment_id(one, place, target.dataset)
            known = await self._experiments.get(experiment_id, deleted=True)
            if known is not None:
                await self._experiments.set_deleted(experiment_id, deleted=False)
                return known, False
            experiment = _experiment(experiment_id, one, questions, target, place)
            await self._experiments.add(experiment)
            await self._add_runs(experiment_id, questions, target)
        return experiment, True

    async def _add_runs(self, experiment_id: uuid.UUID, questions: Questions, target: _Target) -> None:
        """Score and store all answers: while some are scored, those before them are stored."""
        scoring = AnswerScoring(experiment_id, target.dataset.scoring)
        scored: asyncio.Task[list[RunRecord]] | None = None
        try:
            for part in _parts(questions.answers.answers()):
                examples = await self._datasets.examples_of(list({target.rows[one.key] for one in part}))
                work = asyncio.to_thread(scoring.runs, part, target.rows, examples)
                before, scored = scored, asyncio.create_task(work)
                if before is not None:
                    await self._runs.add_imported(await before)
            if scored is not None:
                await self._runs.add_imported(await scored)
        finally:
            if scored is not None:
                await asyncio.wait([scored])  # a thread cannot be stopped

    async def _target(self, one: Log, questions: Questions, name: str, rule: ScoringRule | None) -> _Target:
        """Return the dataset that a log's questions are of, which is made if there is none."""
        wanted = name or _dataset_name(one)
        await self._datasets.lock_name(wanted)
        dataset = await self._datasets.find(wanted) if name else None
        if dataset is None:
            dataset = await self._dataset_of(questions, wanted, one, rule or "squad")
            return _Target(dataset, await self._datasets.row_ids(dataset.id), "content")
        if rule is not None and rule != dataset.scoring:
            raise InvalidInput(
                f"The dataset {wanted} is scored by {dataset.scoring}, not by {rule}.",
                hint="Leave the rule out, or give the questions another name.",
                errors=[FieldError("scoring", "differs from the dataset's")],
            )
        matching = Matching()
        async for row_id, example in self._datasets.all_examples(dataset.id):
            matching.add(example.key, example.question, row_id)
        by = matching.by(questions.by_key)
        found = {key: matching.find(key, each, by) for key, each in questions.by_key.items()}
        rows = {key: row_id for key, row_id in found.items() if row_id is not None}
        if len(rows) < len(questions.by_key):
            raise _lacking(questions, rows, one, wanted)
        return _Target(dataset, rows, by)

    async def _dataset_of(self, questions: Questions, name: str, one: Log, rule: ScoringRule) -> Dataset:
        """Return the dataset of just these questions, which is made if there is none."""
        known = questions.by_key
        version = dataset_version(rule, ((key, each.content.hex()) for key, each in known.items()))
        found = await self._datasets.find(name, version)
        if found is not None:
            return found
        dataset = Dataset(
            id=uuid.uuid4(),
            name=name,
            version=version,
            scoring=rule,
            description=f"Questions of {one.task}, from {LABELS[one.harness]}.",
            source=LABELS[one.harness],
            size=len(known),
        )
        await self._datasets.begin(dataset)
        examples = questions.examples.examples()
        await self._datasets.copy(dataset.id, ((each, known[each.key].content.hex()) for each in examples))
        await self._datasets.finish(dataset)
        return dataset


def _sources(files: Sequence[File]) -> list[Source]:
    return [Source(one.name, hashlib.sha256(one.data).hexdigest()) for one in files]


def _experiment_id(one: Log, place: _Place, dataset: Dataset) -> uuid.UUID:
    """Return the id that the experiment of a log gets, whoever imports it.

    Of a plain file, the columns that are read decide which answers it has.
    """
    columns = one.settings.get("columns") if one.harness == "file" else None
    read = f" {content_hash(columns)}" if columns else ""
    return uuid.uuid5(_IDS, f"{place.request.content} {place.number} {dataset.id}{read}")


def _lacking(questions: Questions, rows: Mapping[str, int], one: Log, dataset: str) -> InvalidInput:
    count = len(questions.by_key) - len(rows)
    missing = (each.question for each in questions.examples.examples() if each.key not in rows)
    shown = "; ".join(islice(missing, _SHOWN)) + ("; …" if count > _SHOWN else "")
    few = f"{count} question{'' if count == 1 else 's'}"
    return InvalidInput(
        f"The dataset {dataset} lacks {few} of {one.name}: {shown}. Nothing was imported.",
        hint="Without a dataset, the questions become one of their own.",
        errors=[FieldError("dataset", f"lacks {few}")],
    )


def _rule(scoring: str) -> ScoringRule | None:
    if not scoring:
        return None
    try:
        return scoring_rule(scoring)
    except ValueError as error:
        raise InvalidInput(
            f"There is no scoring rule {scoring!r}.",
            hint=f"There are {', '.join(SCORING_RULES)}.",
            errors=[FieldError("scoring", "unknown rule")],
        ) from error


def _dataset_name(one: Log) -> str:
    task = "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "-" for char in one.task)
    return f"{one.harness}-{task.lower().strip('-._') or 'task'}"[:100]


def _experiment(
    experiment_id: uuid.UUID, one: Log, questions: Questions, target: _Target, place: _Place
) -> Experiment:
    dataset, model = target.dataset, one.model if len(one.model) > 2 else f"{one.harness}/{one.model}"
    config = ExperimentConfig(
        name=one.name[:200],
        model=model[:_MODEL_CHARS],
        method=ImportedMethodConfig(harness=one.harness, settings=one.settings),
        dataset=DatasetChoice(name=dataset.name, version=dataset.version),
        repeats=questions.repeats,
    )
    stored = config.as_json()
    for name in ("params", "seed"):  # which the log may say under settings, and nobody here has chosen
        stored.pop(name, None)
    total = len(questions.by_key) * questions.repeats
    provenance = Provenance(
        config_hash=content_hash([one.harness, one.model, one.settings]),
        dataset=DatasetProvenance(dataset.name, dataset.version, dataset.size, dataset.scoring),
        scorers={
            **AnswerScoring.versions(dataset.scoring),
            **dict.fromkeys(questions.scores, SCORE_VERSION),
        },
        prompt_hash="",
        model_fingerprint="",
        code=code_version(),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages={},
        imported={
            "harness": one.harness,
            "version": one.harness_version,
            "model": one.model,
            "task": one.task,
            "paired_by": target.paired_by,
            "files": [asdict(one) for one in place.request.sources],
            "request": place.request.digest,
            "log": place.number,
            "logs": place.logs,
        },
    )
    return Experiment(
        id=experiment_id,
        name=config.name,
        description=f"Imported from {LABELS[one.harness]}.",
        config=stored,
        config_hash=provenance.config_hash,
        model=config.model,
        method=config.method.name,
        dataset_id=dataset.id,
        dataset_name=dataset.name,
        provenance=provenance.as_json(),
        total=total,
        status=ExperimentStatus.COMPLETED,
        progress=ProgressSnapshot(total, done=questions.items, failed=questions.failed).as_dict(),
        finished_at=datetime.now(UTC),  # it was never started here: nothing was spent on it
    )


def _parts(answers: Iterator[LoggedAnswer]) -> Iterator[list[LoggedAnswer]]:
    while part := list(islice(answers, _ROWS)):
        yield part

"""Storing the logs of other harnesses as experiments, which can be compared and judged, never run."""

import asyncio
import hashlib
import platform
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.core.logging import get_logger
from app.domain.examples import Dataset as DatasetNoun
from app.domain.examples import Example
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
from app.services.datasets.repository import DatasetRepository, DuplicateKey
from app.services.experiments.aggregation import aggregate
from app.services.experiments.provenance import code_version
from app.services.experiments.repository import ExperimentRepository
from app.services.harnesses.logs import BrokenEntry, Log
from app.services.harnesses.matching import Matching, PairedBy, Questions, questions_of
from app.services.harnesses.reading import broken, read_logs
from app.services.harnesses.scoring import AnswerScoring
from app.services.imports.files import File, Report, clean_filename, require_name
from app.services.results.agreements import AgreementService, HarnessAgreement
from app.services.runs.repository import RunRepository

log = get_logger(__name__)

_ROWS = 500  # runs in one statement
_IDS = uuid.UUID("6f1c2b52-6f0d-4d0e-9c43-6d1f6f1f7a55")
"""Namespace of the ids of imported experiments: the same log gives the same experiment."""
_MODEL_CHARS = 500
_UNIT = "entry"
_SHOWN = 5  # questions in a message


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import has done with one log.

    Attributes:
        experiment_id: of the experiment.
        name: of the experiment.
        harness: label of the harness.
        model: as the harness calls it.
        dataset: name of the dataset that the questions are of.
        questions: different ones.
        answers: runs that were stored, or were there already.
        failed: runs without an answer, among them.
        created: whether it is new: the same log gives the same experiment.
        paired_by: by what the questions were found in a dataset that was there before.
        agreement: of each score of the harness with ours.
    """

    experiment_id: uuid.UUID
    name: str
    harness: str
    model: str
    dataset: str
    questions: int
    answers: int
    failed: int
    created: bool
    paired_by: PairedBy
    agreement: list[HarnessAgreement] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Source:
    """A file of an import: its name, and the hash of its content."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the answers of a log go: the dataset, the example of each question's key, and all examples."""

    dataset: Dataset
    rows: Mapping[str, int]
    examples: Mapping[int, Example]
    paired_by: PairedBy


class HarnessImports:
    """Imports logs of harnesses; what one call imports is one transaction.

    It blocks the event loop while it reads, so large files are imported by a process of their own.

    Args:
        session: of the database.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._datasets = DatasetRepository(session)
        self._experiments = ExperimentRepository(session)
        self._agreements = AgreementService(session)

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
        hashes = await asyncio.to_thread(lambda: [hashlib.sha256(one.data).hexdigest() for one in given])
        sources = [_Source(one.name, found) for one, found in zip(given, hashes, strict=True)]
        logs = await asyncio.to_thread(read_logs, given, columns)
        try:
            done = [await self._add(one, number, sources, dataset, rule) for number, one in enumerate(logs)]
        except BrokenEntry as error:
            await self._session.rollback()
            raise broken(given[0].name if len(given) == 1 else "The files", error) from error
        except BaseException:
            await self._session.rollback()
            raise
        await self._session.commit()
        return done

    async def _add(
        self, one: Log, number: int, sources: Sequence[_Source], name: str, rule: ScoringRule | None
    ) -> Imported:
        report = Report(_UNIT)
        questions = await asyncio.to_thread(questions_of, one, report)
        report.raise_if_any(one.name, "Is the file complete, and of one evaluation?")
        if not questions.items:
            raise InvalidInput(
                f"{one.name} has no answers.", errors=[FieldError("files", "a log without answers")]
            )
        target = await self._target(one, questions, name, rule)
        experiment_id = uuid.uuid5(_IDS, f"{_digest(sources)} {number} {target.dataset.id}")
        known = await self._experiments.get(experiment_id, deleted=True)
        if known is not None:
            await self._experiments.set_deleted(experiment_id, deleted=False)
            done = _done(known, one, target, questions, failed=known.failed_runs or 0, created=False)
            return replace(done, agreement=await self._agreements.agreements(experiment_id))
        experiment = _experiment(experiment_id, one, questions, target, sources)
        await self._experiments.add(experiment)
        scoring = AnswerScoring(experiment_id, target.dataset.scoring)
        failed = 0
        for part in _parts(scoring.runs(one.answers(), target.rows, target.examples)):
            await RunRepository(self._session).add_imported(part)
            failed += sum(1 for run in part if run.failure_kind is not None)
        await aggregate(self._session, experiment_id, wall_s=None)
        log.info("experiment_imported", experiment_id=str(experiment_id), harness=one.harness)
        done = _done(experiment, one, target, questions, failed=failed, created=True)
        return replace(done, agreement=await self._agreements.agreements(experiment_id))

    async def _target(self, one: Log, questions: Questions, name: str, rule: ScoringRule | None) -> _Target:
        """Return the dataset that a log's questions are of, which is made if there is none."""
        wanted = name or _dataset_name(one)
        await self._datasets.lock_name(wanted)
        dataset = await self._datasets.find(wanted) if name else None
        if dataset is None:
            dataset = await self._new_dataset(wanted, one, questions, rule or "squad")
        elif rule is not None and rule != dataset.scoring:
            raise InvalidInput(
                f"The dataset {wanted} is scored by {dataset.scoring}, not by {rule}.",
                hint="Leave the rule out, or give the questions another name.",
                errors=[FieldError("scoring", "differs from the dataset's")],
            )
        stored = {row_id: example async for row_id, example in self._datasets.all_examples(dataset.id)}
        matching = Matching((one.key, one.question, row_id) for row_id, one in stored.items())
        by = matching.by(questions.examples)
        rows = {key: matching.find(example, by) for key, example in questions.examples.items()}
        missing = [questions.examples[key].question for key, row in rows.items() if row is None]
        if missing:
            raise _lacking(missing, one, wanted)
        return _Target(dataset, {key: row for key, row in rows.items() if row is not None}, stored, by)

    async def _new_dataset(self, name: str, one: Log, questions: Questions, rule: ScoringRule) -> Dataset:
        dataset = DatasetNoun(
            name=name,
            scoring=rule,
            examples=tuple(questions.examples.values()),
            description=f"Questions of {one.task}, from {LABELS[one.harness]}.",
            source=LABELS[one.harness],
        )
        version = await asyncio.to_thread(lambda: dataset.version)
        found = await self._datasets.find(name, version)
        if found is not None:
            return found
        try:
            return await self._datasets.add(dataset, version)
        except DuplicateKey as error:  # keys are those of a dictionary
            raise BrokenEntry("ids", "two questions have the same id") from error


def _lacking(missing: Sequence[str], one: Log, dataset: str) -> InvalidInput:
    shown = "; ".join(missing[:_SHOWN]) + ("; …" if len(missing) > _SHOWN else "")
    few = f"{len(missing)} question{'' if len(missing) == 1 else 's'}"
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


def _digest(sources: Sequence[_Source]) -> str:
    """Return a hash of the contents of files, whatever their names and order."""
    return content_hash(sorted(one.sha256 for one in sources))


def _dataset_name(one: Log) -> str:
    task = "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "-" for char in one.task)
    return f"{one.harness}-{task.lower().strip('-._') or 'task'}"[:100]


def _experiment(
    experiment_id: uuid.UUID, one: Log, questions: Questions, target: _Target, sources: Sequence[_Source]
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
    total = len(questions.examples) * questions.repeats
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
            "files": [asdict(one) for one in sources],
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


def _parts(runs: Iterator[RunRecord]) -> Iterator[list[RunRecord]]:
    while part := list(islice(runs, _ROWS)):
        yield part


def _done(
    experiment: Experiment, one: Log, target: _Target, questions: Questions, *, failed: int, created: bool
) -> Imported:
    return Imported(
        experiment_id=experiment.id,
        name=experiment.name,
        harness=LABELS[one.harness],
        model=one.model,
        dataset=target.dataset.name,
        questions=len(questions.examples),
        answers=questions.items,
        failed=failed,
        created=created,
        paired_by=target.paired_by,
    )

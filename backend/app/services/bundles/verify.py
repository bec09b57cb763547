"""Verifies bundles: computes their numbers again, from the runs alone."""

import math
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import orjson

from app.domain.examples import Example
from app.domain.json import JsonObject
from app.domain.metrics import RunFacts
from app.domain.prediction import ScoredSample
from app.domain.provenance import Provenance
from app.domain.scoring import ScoringRule, scoring_rule
from app.models import Experiment, Result
from app.schemas.comparison import Settling
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.stored_config import scored_config
from app.services.bundles import layout
from app.services.bundles.archive import Archive
from app.services.bundles.layout import BundledExperiment
from app.services.bundles.rows import Columns, context_of, example_of, facts_of, prediction_of
from app.services.comparisons.comparison import comparable_scores, compared
from app.services.comparisons.pairing import RunArrays
from app.services.comparisons.report import comparison_out
from app.services.evaluation.metrics.compute import compute_metrics
from app.services.evaluation.metrics.stored import metrics_out
from app.services.evaluation.scorers.base import ScorerUnavailable, Scoring, open_scoring
from app.services.evaluation.scorers.registry import SCORERS
from app.services.results.export import OWN_COLUMNS
from app.services.results.service import ExperimentResult

_PRECISION = 1e-9
"""Relative: processors differ in the last digits of a sum, and in nothing that is shown."""
_ABSENT = "nothing"
_QuestionKey = tuple[str, str]
"""Key and content hash of a question."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A value of a bundle that is not what it should be.

    Attributes:
        where: file, and the path of the value in it.
        stated: as the bundle has it.
        found: as it is by the runs.
    """

    where: str
    stated: str
    found: str


@dataclass(slots=True)
class Verified:
    """What came of the verification of a bundle, or of a part of it.

    Attributes:
        name: of the part.
        files: whose digests were compared.
        runs: that were read.
        scores: of single runs that were computed again.
        numbers: of results and comparisons that were computed again.
        differences: of all of these; empty: the bundle says what its runs say.
        taken: what was not computed again, as sentences.
    """

    name: str
    files: int = 0
    runs: int = 0
    scores: int = 0
    numbers: int = 0
    differences: list[Difference] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def compare(self, where: str, stated: object, found: object) -> None:
        """Note where two values of JSON differ, each number by itself."""
        if isinstance(stated, Mapping) and isinstance(found, Mapping):
            for key in dict.fromkeys([*stated, *found]):
                self.compare(f"{where}.{key}", stated.get(key, _ABSENT), found.get(key, _ABSENT))
        elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
            for place, (one, other) in enumerate(zip(stated, found, strict=True)):
                self.compare(f"{where}[{place}]", one, other)
        else:
            self.numbers += _is_number(stated)
            self.check(where, stated, found)

    def check(self, where: str, stated: object, found: object) -> None:
        """Note that two values differ, if they do."""
        if not _same(stated, found):
            self.differences.append(Difference(where, _text(stated), _text(found)))


async def verify(file: Path) -> list[Verified]:
    """Return what came of the files, of each experiment, and of the comparison of a bundle.

    Nothing but the file is read, and nothing of it is stored.

    Raises:
        BrokenBundle: if it is no bundle, or damaged.
    """
    with Archive.opened(file) as archive:
        parts = [_files(archive)]
        experiments = []
        for one in archive.manifest.experiments:
            part, read = await _experiment(archive, one)
            parts.append(part)
            experiments.append(read)
        if len(experiments) > 1:
            parts.append(_comparison(archive, experiments))
        return parts


def _files(archive: Archive) -> Verified:
    part = Verified("files")
    names = [name for name in archive.names() if name != layout.SUMS]
    for name in dict.fromkeys([*archive.sums, *names]):
        stated = archive.sums.get(name, _ABSENT)
        found = archive.digest(name) if name in names else _ABSENT
        part.files += 1
        if stated != found:
            part.differences.append(Difference(f"{layout.SUMS}: {name}", stated, found))
    part.differences += [
        Difference(f"files: {name}", "one", "several") for name in set(names) if names.count(name) > 1
    ]
    return part


@dataclass(frozen=True, slots=True)
class _Read:
    """An experiment of a bundle: its result, and its runs in columns."""

    result: ExperimentResult
    columns: Columns


async def _experiment(archive: Archive, one: BundledExperiment) -> tuple[Verified, _Read]:
    part = Verified(one.name)
    described = archive.json(f"{one.folder}/{layout.EXPERIMENT}")
    stated = archive.json(f"{one.folder}/{layout.RESULT}")
    provenance = Provenance.from_json(described["provenance"])
    columns = Columns(list(provenance.scorers))
    facts: list[RunFacts] = []
    async with _rescoring(archive, one, described, part) as rescoring:
        for row in archive.lines(f"{one.folder}/{layout.RUNS}"):
            part.runs += 1
            facts.append(facts_of(row))
            columns.add(row)
            await rescoring.check(row, f"{one.folder}/{layout.RUNS}, line {part.runs}")
    metrics = _as_json(compute_metrics(facts, context_of(described["context"])).as_dict())
    part.compare(f"{one.folder}/{layout.RESULT}: metrics", stated["metrics"], metrics)
    shown = metrics_out(metrics).model_dump(mode="json")
    part.compare(f"{one.folder}/{layout.RESULT}: shown", stated["shown"], shown)
    return part, _Read(_result(described, metrics), columns)


def _result(described: JsonObject, metrics: JsonObject) -> ExperimentResult:
    experiment = Experiment(
        id=uuid.UUID(described["id"]),
        name=described["name"],
        description=described["description"],
        config=described["config"],
        model=described["model"],
        method=described["method"],
        dataset_name=described["dataset"],
        provenance=described["provenance"],
        status=described["status"],
        total=described["total"],
    )
    result = Result(experiment_id=experiment.id, metrics=metrics, provenance=described["provenance"])
    return ExperimentResult(experiment, result, described["scoring"])


def _comparison(archive: Archive, read: Sequence[_Read]) -> Verified:
    part = Verified("comparison")
    stated = archive.json(layout.COMPARISON)
    results = [one.result for one in read]
    scores = comparable_scores([Provenance.from_json(one.result.provenance) for one in results])
    runs: list[RunArrays] = [one.columns.arrays(scores) for one in read]
    settling = None if stated["settling"] is None else Settling.model_validate(stated["settling"])
    if settling is not None:
        part.taken.append("What ended the comparison early (its anytime-valid intervals) is taken as stated.")
    manifest = archive.manifest
    found = comparison_out(compared(results, runs, manifest.margin, manifest.family, settling))
    part.compare(layout.COMPARISON, stated, found.model_dump(mode="json"))
    return part


class _Rescoring:
    """Scores the runs of an experiment again, as far as that needs no model.

    Args:
        part: that differences are noted in.
        rule: of the dataset.
        examples: by key and content hash; empty if they were left out.
        scoring: by the scorers that need nothing from outside.
        names: of the scores that are computed again.
    """

    def __init__(
        self,
        part: Verified,
        rule: ScoringRule,
        examples: Mapping[_QuestionKey, Example],
        scoring: Scoring,
        names: frozenset[str],
    ) -> None:
        self._part = part
        self._rule = rule
        self._examples = examples
        self._scoring = scoring
        self._names = names

    async def check(self, row: JsonObject, where: str) -> None:
        """Note what differs in the scores of a run."""
        scores = row["scores"] or {}
        for name in OWN_COLUMNS:
            self._part.check(f"{where}: {name}", row[name], scores.get(name, {}).get("value"))
        example = self._examples.get((row["example_key"], row["content_hash"]))
        if example is None and self._examples:
            key = row["example_key"]
            self._part.differences.append(
                Difference(f"{where}: question {key}", row["content_hash"], _ABSENT)
            )
        if example is None or not example.answers or row["status"] != "ok":
            return
        found = {one.name: one.value for one in await self._scoring(self._sample(row, example))}
        for name in self._names & scores.keys():
            self._part.scores += 1
            self._part.check(f"{where}: scores.{name}", scores[name]["value"], found.get(name))

    def _sample(self, row: JsonObject, example: Example) -> ScoredSample:
        return ScoredSample(example, prediction_of(row), self._rule)


@dataclass(frozen=True, slots=True)
class _Offline:
    """What scorers may use here: the configuration alone. See ``ScorerResources``."""

    config: ExperimentConfig

    @property
    def judgements(self) -> NoReturn:
        """Refuse."""
        raise ScorerUnavailable("Nothing is judged while a bundle is verified.")

    async def engine(self, model: str) -> NoReturn:
        """Refuse."""
        raise ScorerUnavailable(f"{model} is not asked while a bundle is verified.")


@asynccontextmanager
async def _rescoring(
    archive: Archive, one: BundledExperiment, described: JsonObject, part: Verified
) -> AsyncIterator[_Rescoring]:
    """Give what scores the runs of an experiment again; what it cannot score is noted as taken."""
    provenance = Provenance.from_json(described["provenance"])
    rule = scoring_rule(provenance.dataset.scoring)
    config = scored_config(described["config"])
    usable = [
        each
        for each in SCORERS.of(config, rule)
        if each in SCORERS.built_in and not each.judges and not each.asks_model
    ]
    versions = {score.name: score.version for each in usable for score in each.scores}
    names = frozenset(name for name, version in provenance.scorers.items() if versions.get(name) == version)
    others = ", ".join(name for name in provenance.scorers if name not in names)
    if one.dataset is None:
        part.taken.append("Scores are taken as stated: the questions were left out.")
    elif others:
        part.taken.append(f"Taken as stated, since other programs or models gave these scores: {others}.")
    examples = {} if one.dataset is None else dict(_examples(archive, one.dataset, part))
    async with open_scoring(usable, _Offline(config)) as scoring:
        yield _Rescoring(part, rule, examples, scoring, names)


def _examples(archive: Archive, name: str, part: Verified) -> Iterator[tuple[_QuestionKey, Example]]:
    for number, row in enumerate(archive.lines(name), 1):
        example = example_of(row)
        part.check(f"{name}, line {number}: content_hash", row["content_hash"], example.content_hash)
        yield (example.key, row["content_hash"]), example


def _as_json(value: object) -> JsonObject:
    """Return a value as it is read back from JSON."""
    found: JsonObject = orjson.loads(orjson.dumps(value))
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(stated: object, found: object) -> bool:
    if _is_number(stated) and _is_number(found):
        return math.isclose(float(str(stated)), float(str(found)), rel_tol=_PRECISION, abs_tol=_PRECISION)
    return stated == found


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()

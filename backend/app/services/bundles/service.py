"""Writes bundles."""

import hashlib
import uuid
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions
from tempfile import SpooledTemporaryFile
from typing import IO

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.markdown import plain
from app.domain.json import JsonObject
from app.domain.scoring import DEFAULT_MARGIN, ScoreFamily
from app.models import Experiment
from app.schemas.scoring import ORIGINAL
from app.services.bundles import layout
from app.services.bundles.layout import BundledExperiment, Manifest
from app.services.comparisons.report import comparison_out
from app.services.comparisons.service import ComparisonService
from app.services.evaluation.metrics.stored import metrics_out
from app.services.experiments.aggregation import run_context
from app.services.experiments.provenance import code_version
from app.services.results.export import export_runs
from app.services.results.service import ExperimentResult, ResultService
from app.services.runtime import Runtime

_IN_MEMORY = 1 << 24  # bytes: a larger bundle is written to a file
_DIGITS = 16  # of the digest, in the name of a file of questions


@dataclass(frozen=True, slots=True)
class Bundling:
    """What a bundle is to hold.

    Attributes:
        ids: of the experiments; of several, the first is the baseline of their comparison.
        scorings: whose scores are meant; see ``ResultService.compared``.
        with_dataset: with questions, accepted answers and prompts; else with their hashes alone.
        margin: of the comparison: the largest difference that does not matter.
        family: what the comparisons of scores allow for.
    """

    ids: Sequence[uuid.UUID]
    scorings: Sequence[str] = ()
    with_dataset: bool = True
    margin: float = DEFAULT_MARGIN
    family: ScoreFamily = "score"


class BundleService:
    """Reads experiments, and writes them to files of its own."""

    def __init__(self, session: AsyncSession, runtime: Runtime) -> None:
        self._session = session
        self._runtime = runtime
        self._results = ResultService(session)
        self._comparisons = ComparisonService(session, runtime)

    async def bundle(self, wanted: Bundling) -> IO[bytes]:
        """Return a bundle as a temporary file, at its beginning.

        Raises:
            InvalidInput: for too many experiments, or the same twice.
            NotFound: if one has no result, or no such scoring.
        """
        file: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by whoever sends it
        try:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                await self._write(_Writer(archive), wanted)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    async def _write(self, out: "_Writer", wanted: Bundling) -> None:
        comparison = None
        if len(wanted.ids) == 1:
            scoring = wanted.scorings[0] if wanted.scorings else ORIGINAL
            results = [await self._results.result(wanted.ids[0], scoring)]
        else:
            comparison = await self._comparisons.compare(
                wanted.ids, wanted.margin, wanted.scorings, wanted.family
            )
            results = comparison.results
        experiments = [
            await self._experiment(out, one, number, with_dataset=wanted.with_dataset)
            for number, one in enumerate(results, 1)
        ]
        if comparison is not None:
            out.json(layout.COMPARISON, comparison_out(comparison).model_dump(mode="json"))
        code = code_version()
        manifest = Manifest(
            format=layout.FORMAT,
            llmforge=code.version,
            commit=code.commit,
            created_at=datetime.now(UTC).isoformat(),
            experiments=experiments,
            margin=wanted.margin,
            family=wanted.family,
        )
        names = [plain(one.name) for one in experiments]
        left_out = [plain(one.name) for one in experiments if one.dataset is None]
        out.text(layout.README, layout.readme(names, left_out))
        out.text(layout.PACKAGES, "".join(f"{line}\n" for line in _packages()))
        out.json(layout.MANIFEST, manifest.model_dump(mode="json"))
        out.close()

    async def _experiment(
        self, out: "_Writer", one: ExperimentResult, number: int, *, with_dataset: bool
    ) -> BundledExperiment:
        """Write the files of an experiment, and return what the manifest says of it."""
        experiment, folder = one.experiment, f"experiments/{number:02}"
        context = await run_context(self._session, experiment, one.result.metrics.get("wall_s"))
        out.json(
            f"{folder}/{layout.EXPERIMENT}",
            {
                **_described(experiment),
                "scoring": one.scoring,
                "provenance": one.result.provenance,
                "context": asdict(context),
            },
        )
        shown = metrics_out(one.result.metrics).model_dump(mode="json")
        out.json(f"{folder}/{layout.RESULT}", {"metrics": one.result.metrics, "shown": shown})
        questions: dict[tuple[str, str], bytes] = {}
        with out.open(f"{folder}/{layout.RUNS}") as write:
            async for row in self._rows(one):
                if with_dataset:
                    key = (row["example_key"], row["content_hash"])
                    questions.setdefault(key, _question_line(row))
                kept = layout.without_questions(row)
                write(orjson.dumps(kept if with_dataset else layout.without_texts(kept)) + b"\n")
        if not with_dataset:
            return BundledExperiment(folder=folder, name=experiment.name, dataset=None)
        dataset = out.questions(b"".join(questions.values()))
        return BundledExperiment(folder=folder, name=experiment.name, dataset=dataset)

    async def _rows(self, one: ExperimentResult) -> AsyncIterator[JsonObject]:
        pieces = export_runs(self._runtime.sessions, one.experiment.id, "jsonl", scoring_id=one.scoring_id)
        async for piece in pieces:
            for line in piece.splitlines():
                yield orjson.loads(line)


def _described(experiment: Experiment) -> JsonObject:
    return {
        "id": str(experiment.id),
        "name": experiment.name,
        "description": experiment.description,
        "status": experiment.status,
        "reason": experiment.reason,
        "model": experiment.model,
        "method": experiment.method,
        "dataset": experiment.dataset_name,
        "seed": experiment.seed,
        "total": experiment.total,
        "tags": experiment.tags,
        "notes": experiment.notes,
        "config": experiment.config,
    }


def _question_line(row: JsonObject) -> bytes:
    """Return the question of a run as a line of the dataset's file; see ``rows.example_of``."""
    found = {
        "key": row["example_key"],
        "content_hash": row["content_hash"],
        "question": row["question"],
        "answers": row["gold"],
        "cluster": row["cluster"],
        "metadata": row["metadata"],
    }
    return orjson.dumps(found) + b"\n"


def _packages() -> list[str]:
    named = {one.name: one.version for one in distributions() if one.name}
    return [f"{name}=={version}" for name, version in sorted(named.items())]


class _Writer:
    """Writes the files of an archive, and notes the digest of each."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._digests: dict[str, str] = {}

    @contextmanager
    def open(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Give what takes the content of a new file, piece by piece."""
        digest = hashlib.sha256()
        with self._archive.open(name, "w", force_zip64=True) as file:

            def write(piece: bytes) -> None:
                digest.update(piece)
                file.write(piece)

            yield write
        self._digests[name] = digest.hexdigest()

    def text(self, name: str, text: str) -> None:
        """Write a file of text."""
        with self.open(name) as write:
            write(text.encode())

    def json(self, name: str, value: object) -> None:
        """Write a file of JSON."""
        with self.open(name) as write:
            write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

    def questions(self, content: bytes) -> str:
        """Write the questions of an experiment, unless another one has the same; return their file."""
        name = f"datasets/{layout.digest_of(content)[:_DIGITS]}.jsonl"
        if name not in self._digests:
            with self.open(name) as write:
                write(content)
        return name

    def close(self) -> None:
        """Write the digests of all files."""
        self._archive.writestr(layout.SUMS, layout.sums_text(self._digests))

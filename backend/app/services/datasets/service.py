"""Adding and finding datasets."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput, NotFound
from app.core.logging import get_logger
from app.domain.examples import Dataset as DatasetNoun
from app.domain.examples import Example as ExampleNoun
from app.domain.examples import VersionHash
from app.domain.scoring import SCORING_RULES, ScoringRule, scoring_rule
from app.models import Dataset, Example
from app.services.datasets.columns import Columns
from app.services.datasets.importers import load_builtin, open_dataset, read_dataset
from app.services.datasets.inspection import FoundColumns, columns_of
from app.services.datasets.reading import Reading
from app.services.datasets.repository import DatasetRepository, DuplicateKey
from app.services.imports.files import File, clean_filename, require_name

log = get_logger(__name__)


class Added(NamedTuple):
    """What an import has done.

    Attributes:
        dataset: as it is stored.
        created: whether it is new: content that is stored already keeps its version.
        warnings: sentences on what may be wrong with the file.
    """

    dataset: Dataset
    created: bool
    warnings: tuple[str, ...]


class DatasetService:
    """Adds and finds datasets; commits its changes."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._repository = DatasetRepository(session)

    async def add_file(self, name: str, filename: str, data: bytes, scoring: str | None = None) -> Added:
        """Import one file as a version of ``name``; see ``add_files``."""
        return await self.add_files(name, [(filename, data)], scoring)

    async def add_files(
        self,
        name: str,
        given: Sequence[tuple[str, bytes]],
        scoring: str | None = None,
        columns: Sequence[str] = (),
    ) -> Added:
        """Import a file, or the files of a BEIR folder, as a version of ``name``.

        Args:
            name: the dataset's.
            given: names and contents of the files.
            scoring: the rule for its answers; if left out, the rule that the format implies.
            columns: where question and answers are, each as ``field=column``.

        Raises:
            InvalidInput: naming the wrong fields, lines or items; nothing is stored then.
        """
        rule, mapping = _checked(name, scoring), Columns.parse(columns)
        files = _files([File(filename, data) for filename, data in given])
        found = await asyncio.to_thread(read_dataset, name, files, rule, mapping)
        dataset, created = await self.add(found.dataset)
        return Added(dataset, created, found.warnings)

    async def add_large_files(
        self, name: str, given: Sequence[File], scoring: str | None = None, columns: Sequence[str] = ()
    ) -> Added:
        """Import files as ``add_files`` does, storing each example as it is read instead of keeping all.

        It blocks the event loop, so it is for a process of its own. Everything is one transaction.

        Raises:
            InvalidInput: naming the wrong fields, lines or items; nothing is stored then.
        """
        rule, mapping = _checked(name, scoring), Columns.parse(columns)
        files = _files(given)
        try:
            known = await self._repository.find(name) is not None
            await self._session.rollback()  # no transaction waits while a file is read
            if known:
                found = await self._stored(open_dataset(name, files, rule, mapping))
                if found is not None:
                    return found
            return await self._store(open_dataset(name, files, rule, mapping))
        except (InvalidInput, DuplicateKey):
            await self._session.rollback()
            for _ in open_dataset(name, files, rule, mapping):
                pass  # raises at the end, with a complete list of what is wrong
            raise

    async def _stored(self, reading: Reading) -> Added | None:
        """Return the dataset with the content of ``reading`` if it is stored, to which nothing is added."""
        hashed = VersionHash(reading.scoring)
        for _ in _hashing(reading, hashed):
            pass
        dataset = await self._repository.find(reading.name, hashed.version)
        if dataset is None:
            return None
        keys = await self._repository.keys_at(dataset.id, reading.checks.shown_keys())
        return Added(dataset, False, reading.warnings(keys))

    async def _store(self, reading: Reading) -> Added:
        hashed = VersionHash(reading.scoring)
        # The version is known at the end; until then nobody else sees the row, whose version must be unique.
        row = Dataset(id=uuid.uuid4(), name=reading.name, scoring=reading.scoring, size=0)
        row.version = f"importing {row.id}"
        await self._repository.begin(row)
        await self._repository.copy(row.id, _hashing(reading, hashed))
        keys = await self._repository.keys_at(row.id, reading.checks.shown_keys())
        warnings = reading.warnings(keys)
        await self._repository.lock_name(reading.name)
        if await self._repository.find(reading.name, hashed.version) is not None:  # added meanwhile
            await self._session.rollback()
            return Added(await self.get(reading.name, hashed.version), False, warnings)
        row.version, row.size = hashed.version, hashed.size
        row.description, row.licence, row.source = reading.description, reading.licence, reading.source
        await self._repository.finish(row)
        await self._session.commit()
        log.info("dataset_added", dataset=row.name, version=row.version, size=row.size)
        return Added(row, True, warnings)

    async def columns(self, filename: str, data: bytes) -> FoundColumns:
        """Return the columns of a file that may be imported; see ``columns_of``."""
        return await asyncio.to_thread(columns_of, File(PurePosixPath(clean_filename(filename)).name, data))

    async def add(self, dataset: DatasetNoun) -> tuple[Dataset, bool]:
        """Store a dataset, unless this version exists; return it, and whether it is new."""
        version = await asyncio.to_thread(lambda: dataset.version)
        await self._repository.lock_name(dataset.name)
        found = await self._repository.find(dataset.name, version)
        if found is not None:
            await self._session.commit()  # releases the lock
            return found, False
        row = await self._repository.add(dataset, version)
        await self._session.commit()
        log.info("dataset_added", dataset=dataset.name, version=version, size=row.size)
        return row, True

    async def add_builtins(self, folder: Path) -> None:
        """Store the datasets that ship with the project, unless they exist."""
        for path in sorted(folder.glob("*/*.json")):  # noqa: ASYNC240 - at start, before any request
            await self.add(load_builtin(path))

    async def list_all(self) -> Sequence[Dataset]:
        """Return all versions of all datasets."""
        return await self._repository.list_all()

    async def require(self, name: str, version: str | None = None, where: str = "dataset.name") -> Dataset:
        """Return a dataset.

        Raises:
            InvalidInput: for the field ``where``, if there is none; lists the names of all datasets.
        """
        found = await self._repository.find(name, version)
        if found is None:
            names = await self._repository.names()
            known = f"There are: {', '.join(names)}." if names else "There are none yet."
            what = f"no dataset {name!r}" + (f" with version {version}" if version and name in names else "")
            raise InvalidInput(
                f"There is {what}.",
                hint=f"{known} Add one with `llmforge datasets add NAME FILE`.",
                errors=[FieldError(where, what)],
            )
        return found

    async def get(self, name: str, version: str | None = None) -> Dataset:
        """Return a dataset.

        Raises:
            NotFound: if there is none.
        """
        found = await self._repository.find(name, version)
        if found is None:
            raise NotFound(f"There is no dataset {name!r}.", hint="GET /api/v1/datasets lists them.")
        return found

    async def examples(self, dataset_id: uuid.UUID, after: int, limit: int) -> Sequence[Example]:
        """Return up to ``limit`` examples at positions beyond ``after``, in file order."""
        return await self._repository.examples(dataset_id, after, limit)

    async def sample(
        self, dataset: Dataset, n: int | None, seed: int, *, shuffled: bool = False
    ) -> list[int]:
        """Return the positions of ``n`` examples drawn by ``seed``; of all, in file order, without ``n``.

        Args:
            dataset: to draw from.
            n: how many; all if left out.
            seed: of the order.
            shuffled: all examples in the order of the seed, too.
        """
        if not shuffled and (n is None or n >= dataset.size):
            return list(range(dataset.size))
        return await self._repository.sample(dataset.id, dataset.size if n is None else n, seed)

    async def sample_at(
        self, dataset: Dataset, n: int | None, seed: int, places: Sequence[int]
    ) -> tuple[dict[int, int], int]:
        """Return the positions at some places of ``sample``, and how many independent units all of it has.

        A unit is a cluster, or, of examples without one, those with the same content.
        """
        if n is None or n >= dataset.size:
            return {place: place for place in places}, await self._repository.independent(dataset.id)
        return await self._repository.sample_at(dataset.id, n, seed, places)


def _hashing(reading: Reading, hashed: VersionHash) -> Iterator[tuple[ExampleNoun, str]]:
    """Yield the examples of a file that is read again if anything is wrong, each with its hash."""
    reading.hurried = True
    for example in reading:
        digest = example.content_hash
        hashed.add(example.key, digest)
        yield example, digest


def _files(given: Sequence[File]) -> list[File]:
    """Return files as they are read: of a single one, the folders do not matter.

    Raises:
        InvalidInput: if there are none.
    """
    files = [File(clean_filename(file.name), file.data) for file in given]
    if not files:
        raise InvalidInput("There is no file.", errors=[FieldError("file", "choose a file")])
    return [File(PurePosixPath(files[0].name).name, files[0].data)] if len(files) == 1 else files


def builtin_versions(folder: Path) -> set[tuple[str, str]]:
    """Return name and version of each dataset that ships with the project.

    Raises:
        InvalidInput: naming a file that cannot be read.
    """
    datasets = map(load_builtin, folder.glob("*/*.json"))
    return {(dataset.name, dataset.version) for dataset in datasets}


def _checked(name: str, scoring: str | None) -> ScoringRule | None:
    require_name(name, "a dataset")
    if not scoring:
        return None
    try:
        return scoring_rule(scoring)
    except ValueError as error:
        raise InvalidInput(
            f"Unknown scoring rule {scoring!r}.",
            hint=f"Choose one of {', '.join(SCORING_RULES)}.",
            errors=[FieldError("scoring", f"must be one of {', '.join(SCORING_RULES)}")],
        ) from error

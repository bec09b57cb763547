"""SQL of datasets and examples."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import asyncpg
import orjson
from sqlalchemy import BigInteger, ColumnElement, Integer, Row, Select, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.domain.examples import Dataset as DatasetNoun
from app.domain.examples import Example as ExampleNoun
from app.models import Dataset, Example
from app.services.imports.versioned_repository import VersionedRepository

_ROWS_AT_ONCE = 250  # examples that are prepared for the database without a pause, in some ms
_COPIED = ("dataset_id", "position", "key", "question", "answers", "cluster", "metadata", "content_hash")
_SCORED = (Example.id, Example.key, Example.question, Example.answers, Example.cluster)
"""Columns of what scorers need of an example, and its row id."""


class DuplicateKey(Exception):
    """Two examples of a dataset have the same key."""


class DatasetRepository(VersionedRepository[Dataset]):
    """Reads and writes datasets within the given session; never commits."""

    table = Dataset

    async def add(self, dataset: DatasetNoun, version: str) -> Dataset:
        """Store a dataset, whose version is given since it takes a while to compute, with its examples."""
        row = Dataset(
            id=uuid.uuid4(),
            name=dataset.name,
            version=version,
            scoring=dataset.scoring,
            description=dataset.description,
            licence=dataset.licence,
            source=dataset.source,
            size=len(dataset.examples),
            origin=None if dataset.origin is None else asdict(dataset.origin),
        )
        await self.begin(row)
        await self.copy(row.id, ((one, one.content_hash) for one in dataset.examples))
        await self._session.refresh(row)
        return row

    async def begin(self, row: Dataset) -> None:
        """Store a dataset whose examples follow."""
        self._session.add(row)
        await self._session.flush()

    async def finish(self, row: Dataset) -> None:
        """Store what has changed of a dataset since its examples began; it is of now."""
        row.created_at = func.clock_timestamp()
        await self._session.flush()
        await self._session.refresh(row)

    async def copy(self, dataset_id: uuid.UUID, examples: Iterable[tuple[ExampleNoun, str]]) -> None:
        """Store examples, each given with its content hash, by Postgres' COPY, as they are iterated over.

        Raises:
            DuplicateKey: if two of them have the same key.
        """

        async def records() -> AsyncIterator[tuple[object, ...]]:
            for position, (one, digest) in enumerate(examples):
                if position % _ROWS_AT_ONCE == 0:
                    await asyncio.sleep(0)  # so that other work of this process is not held up
                extra = orjson.dumps(one.metadata).decode()
                yield dataset_id, position, one.key, one.question, one.answers, one.cluster, extra, digest

        connection = await (await self._session.connection()).get_raw_connection()
        driver: Any = connection.driver_connection
        try:
            await driver.copy_records_to_table("examples", records=records(), columns=_COPIED)
        except asyncpg.UniqueViolationError as error:
            raise DuplicateKey from error

    async def keys_at(self, dataset_id: uuid.UUID, positions: Sequence[int]) -> dict[int, str]:
        """Return the keys of the examples at ``positions``."""
        query = select(Example.position, Example.key).where(*_at(dataset_id, positions))
        return {row[0]: row[1] for row in await self._session.execute(query)}

    async def examples(self, dataset_id: uuid.UUID, after: int, limit: int) -> Sequence[Example]:
        """Return up to ``limit`` examples at positions beyond ``after``, in file order."""
        query = (
            select(Example)
            .where(Example.dataset_id == dataset_id, Example.position > after)
            .order_by(Example.position)
            .limit(limit)
        )
        return (await self._session.execute(query)).scalars().all()

    async def examples_at(self, dataset_id: uuid.UUID, positions: Sequence[int]) -> Sequence[Example]:
        """Return the examples at ``positions``, in file order."""
        query = select(Example).where(*_at(dataset_id, positions))
        return (await self._session.execute(query.order_by(Example.position))).scalars().all()

    async def all_examples(self, dataset_id: uuid.UUID) -> AsyncIterator[tuple[int, ExampleNoun]]:
        """Yield row id and example of a whole dataset, without metadata, in file order."""
        query = select(*_SCORED).where(Example.dataset_id == dataset_id).order_by(Example.position)
        async for row in await self._session.stream(query.execution_options(yield_per=_ROWS_AT_ONCE)):
            yield _scored(row)

    async def row_ids(self, dataset_id: uuid.UUID) -> dict[str, int]:
        """Return the row id of each example of a dataset, by its key."""
        rows = await self._session.execute(
            select(Example.key, Example.id).where(Example.dataset_id == dataset_id)
        )
        return {row[0]: row[1] for row in rows}

    async def examples_of(self, row_ids: Sequence[int]) -> dict[int, ExampleNoun]:
        """Return the examples with these row ids, without metadata."""
        query = select(*_SCORED).where(Example.id == any_(literal(list(row_ids), ARRAY(BigInteger))))
        return dict(map(_scored, await self._session.execute(query)))

    async def first_answers(self, dataset_id: uuid.UUID, positions: Sequence[int]) -> dict[str, str]:
        """Return the first accepted answer of each question at ``positions``."""
        query = select(Example.question, Example.answers[1]).where(*_at(dataset_id, positions))
        return {row[0]: row[1] for row in await self._session.execute(query.order_by(Example.position))}

    async def sample(self, dataset_id: uuid.UUID, n: int, seed: int) -> list[int]:
        """Return the first ``n`` positions in the order of ``sample_order``, which Postgres computes."""
        query = _sample(dataset_id, n, seed).with_only_columns(Example.position)
        return list((await self._session.execute(query)).scalars())

    async def sample_ids(self, dataset_id: uuid.UUID, n: int, seed: int) -> list[int]:
        """Return the ids of the examples that ``sample`` gives the positions of, in the same order."""
        query = _sample(dataset_id, n, seed).with_only_columns(Example.id)
        return list((await self._session.execute(query)).scalars())

    async def sample_at(
        self, dataset_id: uuid.UUID, n: int, seed: int, places: Sequence[int]
    ) -> tuple[dict[int, int], int]:
        """Return the positions at some places of a sample, and how many independent units all of it has."""
        drawn = _sample(dataset_id, n, seed).cte()
        order = func.row_number().over(order_by=(drawn.c.rank, drawn.c.position)) - 1
        placed = select(drawn.c.position, order.label("place")).subquery()
        wanted = literal(list(places), ARRAY(Integer))
        units = select(func.count(drawn.c.unit.distinct())).scalar_subquery()
        query = select(placed.c.place, placed.c.position, units).where(placed.c.place == any_(wanted))
        found = (await self._session.execute(query)).all()
        return {row[0]: row[1] for row in found}, found[0][2]

    async def independent(self, dataset_id: uuid.UUID) -> int:
        """Return how many independent units all examples are: clusters, distinct content without one."""
        query = select(func.count(_UNIT.distinct())).where(Example.dataset_id == dataset_id)
        return await self._session.scalar(query) or 0


_UNIT = func.coalesce(Example.cluster, "hash " + Example.content_hash)
"""What an example belongs to: its cluster, or, without one, the content that copies of it share."""


def _sample(dataset_id: uuid.UUID, n: int, seed: int) -> Select[tuple[int, str, bytes]]:
    rank = func.sha256(func.convert_to(literal(f"{seed}:") + Example.content_hash, "UTF8"))
    query = select(Example.position, _UNIT.label("unit"), rank.label("rank"))
    return query.where(Example.dataset_id == dataset_id).order_by(rank, Example.position).limit(n)


def _at(dataset_id: uuid.UUID, positions: Sequence[int]) -> list[ColumnElement[bool]]:
    # One array: each value of an IN list is a parameter, of which a statement can have 32,767.
    given = literal(list(positions), ARRAY(Integer))
    return [Example.dataset_id == dataset_id, Example.position == any_(given)]


def _scored(row: Row[int, str, str, list[str], str | None]) -> tuple[int, ExampleNoun]:
    """Return row id and example, without metadata, of a row of ``_SCORED``."""
    row_id, key, question, answers, cluster = row
    return row_id, ExampleNoun(key, question, tuple(answers), cluster)


def to_example(row: Example) -> ExampleNoun:
    """Return a stored example as a domain object."""
    return ExampleNoun(row.key, row.question, tuple(row.answers), row.cluster, row.extra)

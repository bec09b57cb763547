"""SQL of datasets and examples."""

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Integer, any_, func, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.domain.examples import Dataset as DatasetNoun
from app.domain.examples import Example as ExampleNoun
from app.models import Dataset, Example
from app.services.imports.versioned_repository import VersionedRepository

_ROWS_AN_INSERT = 1_000


class DatasetRepository(VersionedRepository[Dataset]):
    """Reads and writes datasets within the given session; never commits."""

    table = Dataset

    async def add(self, dataset: DatasetNoun) -> Dataset:
        """Store a dataset with its examples."""
        row = Dataset(
            id=uuid.uuid4(),
            name=dataset.name,
            version=dataset.version,
            scoring=dataset.scoring,
            description=dataset.description,
            licence=dataset.licence,
            source=dataset.source,
            size=len(dataset.examples),
        )
        self._session.add(row)
        await self._session.flush()
        for start in range(0, len(dataset.examples), _ROWS_AN_INSERT):
            part = dataset.examples[start : start + _ROWS_AN_INSERT]
            values = [
                {
                    "dataset_id": row.id,
                    "position": start + offset,
                    "key": example.key,
                    "question": example.question,
                    "answers": list(example.answers),
                    "cluster": example.cluster,
                    "extra": example.metadata,
                    "content_hash": example.content_hash,
                }
                for offset, example in enumerate(part)
            ]
            await self._session.execute(insert(Example), values)
        await self._session.refresh(row)
        return row

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

    async def first_answers(self, dataset_id: uuid.UUID, positions: Sequence[int]) -> dict[str, str]:
        """Return the first accepted answer of each question at ``positions``."""
        query = select(Example.question, Example.answers[1]).where(*_at(dataset_id, positions))
        return {row[0]: row[1] for row in await self._session.execute(query.order_by(Example.position))}

    async def sample(self, dataset_id: uuid.UUID, n: int, seed: int) -> list[int]:
        """Return the first ``n`` positions in the order of ``sample_order``, which Postgres computes."""
        rank = func.sha256(func.convert_to(literal(f"{seed}:") + Example.content_hash, "UTF8"))
        query = select(Example.position).where(Example.dataset_id == dataset_id)
        query = query.order_by(rank, Example.position).limit(n)
        return list((await self._session.execute(query)).scalars())

    async def independent(self, dataset_id: uuid.UUID, positions: Sequence[int] | None = None) -> int:
        """Return how many independent units the examples at ``positions`` are; of all, if left out.

        A unit is a cluster, or, of examples without one, those with the same content.
        """
        unit = func.coalesce(Example.cluster, "hash " + Example.content_hash)
        where = [Example.dataset_id == dataset_id] if positions is None else _at(dataset_id, positions)
        return await self._session.scalar(select(func.count(unit.distinct())).where(*where)) or 0


def _at(dataset_id: uuid.UUID, positions: Sequence[int]) -> list[ColumnElement[bool]]:
    # One array: each value of an IN list is a parameter, of which a statement can have 32,767.
    given = literal(list(positions), ARRAY(Integer))
    return [Example.dataset_id == dataset_id, Example.position == any_(given)]


def to_example(row: Example) -> ExampleNoun:
    """Return a stored example as a domain object."""
    return ExampleNoun(row.key, row.question, tuple(row.answers), row.cluster, row.extra)

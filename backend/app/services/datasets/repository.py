"""SQL of datasets and examples."""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, insert, or_, select

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
        query = select(Example).where(Example.dataset_id == dataset_id, Example.position.in_(positions))
        return (await self._session.execute(query.order_by(Example.position))).scalars().all()

    async def position_hashes(self, dataset_id: uuid.UUID) -> list[tuple[int, str]]:
        """Return ``(position, content hash)`` of all examples, in file order."""
        query = select(Example.position, Example.content_hash).where(Example.dataset_id == dataset_id)
        return [(row[0], row[1]) for row in await self._session.execute(query.order_by(Example.position))]

    async def clusters(self, dataset_id: uuid.UUID) -> dict[int, str]:
        """Return what each example belongs to, by position: its cluster, or the content that others share.

        Examples that are independent of all others are left out.
        """
        of_dataset = Example.dataset_id == dataset_id
        copied = (
            select(Example.content_hash)
            .where(of_dataset, Example.cluster.is_(None))
            .group_by(Example.content_hash)
            .having(func.count() > 1)
        )
        query = select(
            Example.position, func.coalesce(Example.cluster, "hash " + Example.content_hash)
        ).where(of_dataset, or_(Example.cluster.is_not(None), Example.content_hash.in_(copied)))
        return {row[0]: str(row[1]) for row in await self._session.execute(query)}


def to_example(row: Example) -> ExampleNoun:
    """Return a stored example as a domain object."""
    return ExampleNoun(row.key, row.question, tuple(row.answers), row.cluster, row.extra)

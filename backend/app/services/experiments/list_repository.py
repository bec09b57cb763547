"""SQL of lists of experiments: filters, orders, and the values that occur."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.models import Experiment, Result
from app.schemas.annotation import Archived

# SQLAlchemy does not type what JSON columns can do.
_metrics: Any = Result.metrics
_SORTS: dict[str, Any] = {
    "created_at": Experiment.created_at,
    "name": func.lower(Experiment.name),
    "status": Experiment.status,
    "model": Experiment.model,
    "method": Experiment.method,
    "dataset": Experiment.dataset_name,
    "finished_at": Experiment.finished_at,
    "latency_p50_ms": _metrics[("latency_ms", "p50")].as_float(),
    "latency_p95_ms": _metrics[("latency_ms", "p95")].as_float(),
    "cost_usd": _metrics[("cost_usd", "total")].as_float(),
    "tokens_per_answer": _metrics["tokens_per_answer"].as_float(),
}
SORT_KEYS = tuple(_SORTS)
"""What lists can be sorted by, besides any score."""
# Taken from results, which not all experiments have. NULLS LAST on other keys would prevent the use of
# their index.
_OF_RESULTS = frozenset({"latency_p50_ms", "latency_p95_ms", "cost_usd", "tokens_per_answer"})


@dataclass(frozen=True, slots=True)
class ExperimentFilter:
    """Which experiments to list; empty fields do not restrict. Of ``tags`` an experiment must have all."""

    statuses: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    text: str = ""
    tags: tuple[str, ...] = ()
    archived: Archived = "exclude"


@dataclass(frozen=True, slots=True)
class Facets:
    """The values that occur in experiments, each list sorted."""

    methods: list[str]
    models: list[str]
    datasets: list[str]
    tags: list[str]


class ExperimentListRepository:
    """Reads lists of experiments within the session it is given."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_page(
        self, where: ExperimentFilter, sort: str, *, descending: bool, offset: int, limit: int
    ) -> tuple[Sequence[Experiment], int]:
        """Return a page of experiments with their results, and how many there are in all."""
        conditions = _conditions(where)
        total = await self._session.scalar(select(func.count()).select_from(Experiment).where(*conditions))
        score = _metrics[("scores", sort, "value")].as_float()
        key = _SORTS.get(sort, score)
        order = [column.desc() if descending else column.asc() for column in (key, Experiment.id)]
        if sort in _OF_RESULTS or sort not in _SORTS:
            order[0] = order[0].nulls_last()
        elif sort == "finished_at":
            order[0] = order[0].nulls_last() if descending else order[0].nulls_first()
        query = (
            select(Experiment)
            .outerjoin(Experiment.result)
            .options(contains_eager(Experiment.result))
            .where(*conditions)
            .order_by(*order)
            .offset(offset)
            .limit(limit)
        )
        return (await self._session.scalars(query)).all(), total or 0

    async def facets(self) -> Facets:
        """Return the methods, models, datasets and tags that occur, each sorted."""
        methods, models, datasets = [
            list(
                (
                    await self._session.execute(
                        select(column).where(Experiment.deleted_at.is_(None)).distinct().order_by(column)
                    )
                ).scalars()
            )
            for column in (Experiment.method, Experiment.model, Experiment.dataset_name)
        ]
        tag = func.unnest(Experiment.tags).label("tag")
        tags = await self._session.scalars(
            select(tag).where(Experiment.deleted_at.is_(None)).distinct().order_by(tag)
        )
        return Facets(methods, models, datasets, list(tags))


def _conditions(where: ExperimentFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Experiment.deleted_at.is_(None)]
    for column, wanted in (
        (Experiment.status, where.statuses),
        (Experiment.method, where.methods),
        (Experiment.model, where.models),
        (Experiment.dataset_name, where.datasets),
    ):
        if wanted:
            conditions.append(column.in_(wanted))
    if where.tags:
        conditions.append(Experiment.tags.contains(list(where.tags)))
    if where.archived != "include":
        archived = Experiment.archived_at.is_not(None)
        conditions.append(archived if where.archived == "only" else ~archived)
    for word in where.text.split():
        conditions.append(
            or_(
                *(
                    column.icontains(word, autoescape=True)
                    for column in (
                        Experiment.name,
                        Experiment.description,
                        Experiment.model,
                        Experiment.dataset_name,
                        Experiment.notes,
                    )
                )
            )
        )
    return conditions

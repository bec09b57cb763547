"""What a matrix would take, before it is run."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.schemas.matrix import MatrixPlanOut, PlannedCell
from app.schemas.matrix_config import MatrixConfig
from app.schemas.preview import EstimateOut
from app.services.matrices.expansion import check
from app.services.matrices.prompt_caches import as_possible
from app.services.matrices.repository import MatrixRepository
from app.services.matrices.service import is_over
from app.services.preview.service import PreviewService
from app.services.runtime import Runtime


class MatrixPlans:
    """Reads only."""

    def __init__(self, session: AsyncSession, runtime: Runtime, previews: PreviewService) -> None:
        self._runtime = runtime
        self._repository = MatrixRepository(session)
        self._previews = previews

    async def plan(self, config: MatrixConfig) -> MatrixPlanOut:
        """Return cells with calls, tokens, cost and time, for all rounds.

        Raises:
            InvalidInput: if something does not exist or does not fit together; names the field.
        """
        experiments = iter([as_possible(self._runtime, one) for one in check(config)])
        cells, questions = [], 0
        for method in config.methods:
            estimate: EstimateOut | None = None
            for way in config.optimisations:
                experiment = next(experiments)
                if estimate is None:  # how calls are sent changes none of it that is known before
                    estimate = (await self._previews.preview(experiment, None, 0)).estimate
                times = 0 if way.cache == "warm" else config.rounds
                cells.append(_planned(method.name, way.name, estimate, times))
            questions = estimate.questions if estimate else questions
        found = await self._repository.newest(config.hash())
        trials = await self._repository.trials(found.id) if found else []
        return MatrixPlanOut(
            cells=cells,
            trials=len(cells) * config.rounds,
            questions=questions,
            calls=sum(one.calls for one in cells),
            prompt_tokens=sum(one.prompt_tokens for one in cells),
            completion_tokens=sum(one.completion_tokens for one in cells),
            cost_usd=_sum([one.cost_usd for one in cells]),
            seconds=_sum([one.seconds for one in cells]),
            existing=found.id if found else None,
            ended=sum(map(is_over, trials)),
        )


def _planned(method: str, optimisation: str, estimate: EstimateOut, times: int) -> PlannedCell:
    return PlannedCell(
        method=method,
        optimisation=optimisation,
        calls=times * estimate.calls,
        prompt_tokens=times * estimate.prompt_tokens,
        completion_tokens=times * estimate.completion_tokens,
        cost_usd=None if estimate.cost_usd is None else times * estimate.cost_usd,
        seconds=None if estimate.seconds is None else times * estimate.seconds,
        basis=estimate.basis
        if times
        else "Every answer comes from the cache that the cold trial has filled.",
    )


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None

"""Records what scorers' calls of models take: they belong to no run, which would keep it."""

import uuid

from app.core.database import when_database_answers
from app.domain.generation import GenerationRequest, GenerationResult
from app.services.execution.expenses import cost_usd
from app.services.inference.base import Engine, EngineBase
from app.services.inference.catalog import ModelSpec
from app.services.runs.scorer_calls_repository import ScorerCallsRepository
from app.services.runtime import Runtime


class RecordedEngine(EngineBase):
    """Stores the tokens and the cost of each answered call of the inner engine. It belongs below the cache.

    Args:
        inner: makes the calls.
        spec: its model.
        experiment_id: whose answers are scored.
        runtime: of this process.
    """

    def __init__(self, inner: Engine, spec: ModelSpec, experiment_id: uuid.UUID, runtime: Runtime) -> None:
        self._inner = inner
        self._spec = spec
        self._experiment_id = experiment_id
        self._runtime = runtime

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request, and store what that took; see ``Engine.generate``."""
        result = await self._inner.generate(request)

        async def add() -> None:
            usd = cost_usd([result], self._spec.usd_per_1m)
            async with self._runtime.autocommit() as session:
                await ScorerCallsRepository(session).add(
                    self._experiment_id, self._spec.name, result.usage, usd
                )

        # If the connection is lost after the statement, the call is counted twice: too many, never too few.
        await when_database_answers(add, "store what a scorer's call took")
        return result

    async def aclose(self) -> None:
        """Close the inner engine."""
        await self._inner.aclose()

"""Bundles of experiments of every kind: what is computed from their runs is what is stored."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.generation import GenerationRequest, GenerationResult, Usage
from app.domain.status import FailureKind
from app.services.bundles.verify import verify
from app.services.execution.executor import Executor
from app.services.inference.base import EngineError
from app.services.inference.catalog import ModelSpec, ProviderSpec
from app.services.inference.engines.openai_compatible import OpenAICompatibleEngine
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered, question
from tests.fixtures.fake_llm import FakeLLM
from tests.services.bundles.test_bundles import bundle, differences
from tests.services.execution.test_expenses import PRICED, key, towers, voting
from tests.services.execution.test_retries import Flaky, retry, with_failures
from tests.support import create, scripted
from tests.tiny_models import TinyModels

__all__ = ["key", "towers"]


async def agrees(runtime: Runtime, folder: Path, *experiments: Any) -> None:
    """Check that the bundle of these experiments says what its runs say."""
    parts = await verify(await bundle(runtime, folder, experiments))
    assert differences(parts) == []
    assert all(part.scores for part in parts[1 : len(experiments) + 1])


async def ended(means: Runtime, **fields: Any) -> Any:
    found = await create(means, **fields)
    await Executor(means, found).run()
    return found


async def test_retrieval_and_an_agent(
    runtime: Runtime, towers: str, tiny_models: TinyModels, tmp_path: Path
) -> None:
    async def look_then_finish(request: GenerationRequest) -> GenerationResult:
        if "Action" not in str(request.messages):
            return answered("a tower", Usage(30, 4))
        looked = "retrieval[tower]" in str(request.messages[1:])
        return answered(f"Thought: so\nAction: {'finish[a tower]' if looked else 'retrieval[tower]'}")

    means = scripted(runtime, ScriptedEngine(look_then_finish))
    agent = {**tiny_models.rag(variant="naive"), "name": "react", "shots": 0, "top_k": 2}
    first = await ended(means, name="RAG", method=tiny_models.rag(variant="hybrid"))
    await agrees(means, tmp_path, first, await ended(means, name="agent", method=agent))


async def test_votes_and_failures(runtime: Runtime, dataset: str, tmp_path: Path) -> None:
    asked = 0

    async def third_fails(request: GenerationRequest) -> GenerationResult:
        nonlocal asked
        asked += 1
        if asked % 5 == 0:
            raise EngineError(FailureKind.REFUSED, "no")
        return answered(question(request), Usage(9, 3, reasoning_tokens=2, cache_read_tokens=4))

    means = scripted(runtime, ScriptedEngine(third_fails))
    first = await ended(means, name="votes", max_failed_share=1.0, **voting(3))
    second = await ended(means, name="bare", max_failed_share=1.0, sample={"n": 4})
    await agrees(means, tmp_path, first, second)


async def test_failures_that_were_asked_again(runtime: Runtime, dataset: str, tmp_path: Path) -> None:
    script = Flaky(3, 4, 7)
    means, experiment_id, _ = await with_failures(runtime, script)
    script.refused = {"item 7 "}
    await retry(means, experiment_id)
    await Executor(means, experiment_id).run()
    await agrees(means, tmp_path, experiment_id)


@pytest.fixture
async def means(runtime: Runtime, dataset: str) -> AsyncIterator[Runtime]:
    async with FakeLLM() as server:
        spec = ModelSpec(name="openai/some-model", api="completion")
        engine = OpenAICompatibleEngine(ProviderSpec(engine="openai"), spec, server.base_url, None, 60)
        yield scripted(runtime, engine)
        await engine.aclose()


async def test_calls_that_answer_several_requests(means: Runtime, key: None, tmp_path: Path) -> None:
    grouped = {"mode": "batched", "batch_size": 8}
    first = await ended(means, name="groups", model=PRICED, execution=grouped)
    await agrees(means, tmp_path, first, await ended(means, name="cached", model=PRICED, execution=grouped))

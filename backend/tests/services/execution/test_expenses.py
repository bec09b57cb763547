"""Tests of what runs are said to have taken: time, tokens and money, of failed and partly cached ones too."""

import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.passages import Retrieval
from app.domain.status import FailureKind
from app.schemas.experiment_config import MAX_REPEATS
from app.services.evaluation.metrics.stored import metrics_out
from app.services.execution.executor import Executor
from app.services.inference.base import EngineError
from app.services.inference.catalog import ModelSpec, ProviderSpec
from app.services.inference.engines.openai_compatible import OpenAICompatibleEngine
from app.services.knowledge.service import KnowledgeService
from app.services.rag.embedding import Embedder
from app.services.rag.retrievers import IndexRetriever
from app.services.rag.vectors import Vectors
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered
from tests.fixtures.fake_llm import FakeLLM
from tests.support import create, metrics_of, runs_of, scripted
from tests.tiny_models import TinyModels, articles_jsonl

PRICED = "openai/gpt-4o-mini"  # $0.15 and $0.60 a million tokens
CALL_USD = (3 * 0.15 + 2 * 0.60) / 1e6


@pytest.fixture
async def towers(runtime: Runtime, dataset: str) -> str:
    """A knowledge base."""
    async with runtime.sessions() as session:
        await KnowledgeService(session).add_files("towers", [("a.jsonl", articles_jsonl())])
    return "towers"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the priced model be used."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


async def ended(runtime: Runtime, **fields: Any) -> Any:
    experiment_id = await create(runtime, **fields)
    await Executor(runtime, experiment_id).run()
    return experiment_id


def voting(samples: int) -> dict[str, Any]:
    method = {"name": "cot", "shots": 0, "samples": samples}
    return {"model": PRICED, "method": method, "params": {"temperature": 0.8}, "sample": {"n": 4}}


class TestFailed:
    async def test_runs_have_what_their_answered_calls_took(self, runtime: Runtime, dataset: str) -> None:
        async def third_fails(request: GenerationRequest) -> GenerationResult:
            if request.repeat >= 2 * MAX_REPEATS:
                raise EngineError(FailureKind.BAD_REQUEST, "no")
            return answered("Answer: 4")

        means = scripted(runtime, ScriptedEngine(third_fails))
        experiment_id = await ended(means, max_failed_share=1, **voting(5))
        for run in await runs_of(means, experiment_id):
            assert (run.status, run.prompt_tokens, run.completion_tokens) == ("failed", 6, 4)
            assert (run.paid_prompt_tokens, run.paid_completion_tokens) == (6, 4)
            assert run.paid_usd == run.cost_usd == pytest.approx(2 * CALL_USD)
            assert run.latency_ms is None
        metrics = await metrics_of(means, experiment_id)
        assert (metrics["tokens"]["prompt"], metrics["tokens"]["completion"]) == (24, 16)
        assert metrics["cost_usd"]["total"] == pytest.approx(8 * CALL_USD)

    async def test_runs_without_a_price_are_not_free(self, runtime: Runtime, dataset: str) -> None:
        means = scripted(runtime, ScriptedEngine(EngineError(FailureKind.BAD_REQUEST, "no")))
        experiment_id = await ended(means, max_failed_share=1, sample={"n": 3})
        metrics = await metrics_of(means, experiment_id)
        assert metrics["cost_usd"]["total"] is None
        unknown = dict.fromkeys(("prompt", "completion", "reasoning", "cache_read", "cache_write"))
        assert metrics["tokens"] == {**unknown, "runs_without_counts": 0}


async def test_partly_cached_runs_paid_for_the_calls_that_were_made(runtime: Runtime, dataset: str) -> None:
    means = scripted(runtime, engine := ScriptedEngine(answered("Answer: 4")))
    await ended(means, **voting(3))
    experiment_id = await ended(means, **voting(5))
    assert len(engine.calls) == 4 * 5
    for run in await runs_of(means, experiment_id):
        assert (run.cached, run.prompt_tokens, run.paid_prompt_tokens) == (False, 15, 6)
        assert run.latency_ms is None
        assert run.model_ms == pytest.approx(5 * 250)
    metrics = await metrics_of(means, experiment_id)
    assert metrics["tokens"]["prompt"] == 4 * 6
    assert metrics["saved_tokens"]["prompt"] == 4 * 9
    assert metrics["latency_ms"]["n"] == 0
    cost = metrics["cost_usd"]
    assert cost["total"] == pytest.approx(4 * 2 * CALL_USD)
    assert cost["saved_by_cache"] == pytest.approx(4 * 3 * CALL_USD)


class TestLatency:
    async def test_of_retrieval_is_in_it_and_waiting_for_others_is_not(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        search = IndexRetriever.search

        def slow(self: IndexRetriever, query: str) -> Retrieval:
            time.sleep(0.05)
            found = search(self, query)
            return Retrieval(found.passages, {"dense": 0.05})

        monkeypatch.setattr(IndexRetriever, "search", slow)
        means = scripted(runtime, ScriptedEngine("an answer"))
        experiment_id = await ended(means, method=tiny_models.rag(variant="naive"), concurrency=8)
        for run in await runs_of(means, experiment_id):
            assert [run.latency_ms, run.model_ms] == pytest.approx([300.0, 250.0])
        metrics = await metrics_of(means, experiment_id)
        assert metrics["latency_ms"]["p50"] == pytest.approx(300)
        assert metrics["model_ms"]["p50"] == pytest.approx(250)

    async def test_of_tools_is_in_it(self, runtime: Runtime, towers: str, tiny_models: TinyModels) -> None:
        async def look_then_finish(request: GenerationRequest) -> GenerationResult:
            looked = "retrieval[tower]" in str(request.messages[1:])
            action = "finish[a tower]" if looked else "retrieval[tower]"
            return answered(f"Thought: so\nAction: {action}")

        means = scripted(runtime, ScriptedEngine(look_then_finish))
        method = {**tiny_models.rag(variant="naive"), "name": "react", "shots": 0, "top_k": 2}
        experiment_id = await ended(means, method=method, sample={"n": 3})
        for run in await runs_of(means, experiment_id):
            assert run.trace is not None
            used = sum(step["use"]["duration_s"] for step in run.trace["steps"] if step["use"])
            assert used > 0
            assert run.latency_ms == pytest.approx(2 * 250 + 1000 * used)
            assert run.model_ms == pytest.approx(2 * 250)

    async def test_of_loading_the_models_is_not_in_it(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events: list[str] = []
        load, query = Embedder.load, Embedder.query

        def noted_load(self: Embedder) -> None:
            events.append("load")
            load(self)

        def noted_query(self: Embedder, text: str) -> Vectors:
            events.append("query")
            return query(self, text)

        monkeypatch.setattr(Embedder, "load", noted_load)
        monkeypatch.setattr(Embedder, "query", noted_query)
        means = scripted(runtime, ScriptedEngine("an answer"))
        await ended(means, method=tiny_models.rag(variant="reranked"), sample={"n": 2})
        assert events[:2] == ["load", "query"]
        assert "load" not in events[1:]

    async def test_of_earlier_runs_is_the_model_alone(self, runtime: Runtime, dataset: str) -> None:
        means = scripted(runtime, ScriptedEngine("an answer"))
        experiment_id = await ended(means, sample={"n": 2})
        stored = orjson.loads(orjson.dumps(await metrics_of(means, experiment_id)))
        for name in ("model_ms", "saved_tokens", "tokens_per_answer"):
            del stored[name]
        found = {figure.name: figure for figure in metrics_out(stored).figures}
        assert found["latency_p50_ms"].basis == "uncached, time of the model alone"
        assert "model_time_p50_ms" not in found


class TestOneCallForSeveralRequests:
    """The server counts the tokens of all prompts of a call together."""

    @pytest.fixture
    async def server(self) -> AsyncIterator[FakeLLM]:
        async with FakeLLM() as server:
            yield server

    @pytest.fixture
    async def means(self, runtime: Runtime, dataset: str, server: FakeLLM) -> AsyncIterator[Runtime]:
        spec = ModelSpec(name="openai/some-model", api="completion")
        provider = ProviderSpec(engine="openai")
        engine = OpenAICompatibleEngine(provider, spec, server.base_url, None, 60)
        yield scripted(runtime, engine)
        await engine.aclose()

    async def test_no_run_has_counts_of_its_own_and_the_result_has_the_sum(
        self, means: Runtime, server: FakeLLM
    ) -> None:
        execution = {"mode": "batched", "batch_size": 8}
        experiment_id = await ended(means, model=PRICED, execution=execution)
        assert server.stats.requests == 3
        runs = await runs_of(means, experiment_id)
        assert {(run.prompt_tokens, run.cost_usd, run.status) for run in runs} == {(None, None, "ok")}
        groups = {run.calls[0]["group"]["id"]: run.calls[0]["group"] for run in runs}
        assert sorted(group["size"] for group in groups.values()) == [4, 8, 8]
        metrics = await metrics_of(means, experiment_id)
        prompt = sum(len(run.calls[0]["messages"][0]["content"]) // 4 + 1 for run in runs)
        completion = 20 * 3
        tokens = metrics["tokens"]
        assert (tokens["prompt"], tokens["completion"]) == (prompt, completion)
        assert tokens["runs_without_counts"] == 0
        usd = (prompt * 0.15 + completion * 0.60) / 1e6
        assert metrics["cost_usd"]["total"] == pytest.approx(usd)
        assert metrics["cost_usd"]["per_1000_runs"] == pytest.approx(usd * 50)
        assert metrics["tokens_per_answer"] is None

    async def test_a_call_of_its_own_is_counted_beside_the_groups(
        self, means: Runtime, server: FakeLLM
    ) -> None:
        execution = {"mode": "batched", "batch_size": 8}
        experiment_id = await ended(means, model=PRICED, execution=execution, sample={"n": 9})
        runs = await runs_of(means, experiment_id)
        assert sorted(run.prompt_tokens is None for run in runs) == [False, *[True] * 8]
        prompt = sum(len(run.calls[0]["messages"][0]["content"]) // 4 + 1 for run in runs)
        assert (await metrics_of(means, experiment_id))["tokens"]["prompt"] == prompt

    async def test_nothing_is_made_up_where_the_server_does_not_count(
        self, means: Runtime, server: FakeLLM
    ) -> None:
        server.set(usage=False)
        execution = {"mode": "batched", "batch_size": 8}
        experiment_id = await ended(means, model=PRICED, execution=execution)
        metrics = await metrics_of(means, experiment_id)
        assert (metrics["tokens"]["prompt"], metrics["tokens"]["runs_without_counts"]) == (None, 20)
        assert metrics["cost_usd"]["total"] is None

    async def test_answers_that_are_used_again_cost_nothing_again(
        self, means: Runtime, server: FakeLLM
    ) -> None:
        execution = {"mode": "batched", "batch_size": 8}
        await ended(means, model=PRICED, execution=execution)
        experiment_id = await ended(means, model=PRICED, execution=execution)
        assert server.stats.requests == 3
        runs = await runs_of(means, experiment_id)
        assert all(run.cached and "group" not in run.calls[0] for run in runs)
        metrics = await metrics_of(means, experiment_id)
        assert metrics["cost_usd"]["total"] in {0.0, None}

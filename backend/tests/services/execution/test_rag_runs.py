"""Tests of experiments whose method retrieves: what is stored, what must not change, what fails early."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest

from app.core.errors import InvalidInput
from app.domain.generation import GenerationRequest, GenerationResult, Usage
from app.domain.status import ExperimentStatus, FailureKind
from app.services.execution.executor import Executor
from app.services.inference.base import EngineError
from app.services.knowledge.service import KnowledgeService
from app.services.methods.prompts import NOT_YET
from app.services.monitoring.spending import SpendingService
from app.services.preview.service import PreviewService
from app.services.rag.embedding import Embedder
from app.services.runs.spending_repository import spent_by, spent_since
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered
from tests.factories import config
from tests.support import create, metrics_of, runs_of, scripted, stored
from tests.tiny_models import ARTICLES, TinyModels, articles_jsonl


@pytest.fixture
async def towers(runtime: Runtime, dataset: str) -> str:
    """A knowledge base that holds the answers to samples 1 and 2 of the dataset."""
    async with runtime.sessions() as session:
        await KnowledgeService(session).add_files("towers", [("a.jsonl", articles_jsonl())])
    return "towers"


def sample(request: GenerationRequest) -> int:
    return int(request.messages[-1].content.rpartition("What is item ")[2].partition(" ")[0])


async def right_for_some(request: GenerationRequest) -> GenerationResult:
    """Answer right to samples 1 and 3, and wrong to the others."""
    number = sample(request)
    return answered(f"thing {number}" if number in {1, 3} else "nothing of the kind")


async def ended(runtime: Runtime, method: dict[str, Any], **fields: Any) -> Any:
    experiment_id = await create(runtime, method=method, **fields)
    await Executor(runtime, experiment_id).run()
    return experiment_id


class TestRuns:
    @pytest.mark.parametrize("variant", ["naive", "hybrid", "reranked"])
    async def test_keep_what_was_retrieved(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels, variant: str
    ) -> None:
        means = scripted(runtime, engine := ScriptedEngine(right_for_some))
        experiment_id = await ended(means, tiny_models.rag(variant=variant, top_k=2))
        assert (await stored(means, experiment_id)).status == ExperimentStatus.COMPLETED
        stages = {"naive": {"dense"}, "hybrid": {"dense", "bm25", "fused"}}
        last = {"naive": "dense", "hybrid": "fused", "reranked": "reranked"}[variant]
        texts = {article["id"]: article["text"] for article in ARTICLES}
        for run in await runs_of(means, experiment_id):
            assert run.retrieved is not None
            assert [one["stages"][last]["rank"] for one in run.retrieved] == [1, 2]
            for one in run.retrieved:
                assert one["text"] == texts[one["article"]][one["start"] : one["end"]]
                assert set(one["stages"]) <= stages.get(variant, {"dense", "bm25", "fused", "reranked"})
                assert one["text"] in run.calls[0]["messages"][-1]["content"]
        assert len(engine.calls) == 20

    async def test_say_where_answers_went_wrong(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels
    ) -> None:
        means = scripted(runtime, ScriptedEngine(right_for_some))
        experiment_id = await ended(means, tiny_models.rag(variant="naive", top_k=3))
        metrics = await metrics_of(means, experiment_id)
        assert metrics["attribution"] == {
            "supported": 1,
            "unsupported": 1,
            "misread": 1,
            "not_retrieved": 17,
        }
        assert metrics["scores"]["answer_in_context"]["value"] == pytest.approx(0.1)
        assert metrics["hallucination_rate"] is None

    async def test_of_other_methods_retrieve_nothing(self, runtime: Runtime, dataset: str) -> None:
        means = scripted(runtime, ScriptedEngine(right_for_some))
        experiment_id = await ended(means, {"name": "naive"})
        assert {run.retrieved for run in await runs_of(means, experiment_id)} == {None}
        assert (await metrics_of(means, experiment_id))["attribution"] is None

    async def test_that_fail_keep_what_was_found_and_asked(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels
    ) -> None:
        async def refuse(_: GenerationRequest) -> GenerationResult:
            raise EngineError(FailureKind.REFUSED, "no")

        means = scripted(runtime, ScriptedEngine(refuse))
        method = tiny_models.rag(variant="naive", top_k=1)
        experiment_id = await ended(means, method, max_failed_share=1, sample={"n": 2})
        for run in await runs_of(means, experiment_id):
            assert run.status == "failed"
            assert run.retrieved is not None
            assert run.retrieved[0]["text"] in run.calls[0]["messages"][-1]["content"]

    async def test_are_judged(self, runtime: Runtime, towers: str, tiny_models: TinyModels) -> None:
        means = scripted(runtime, ScriptedEngine(right_for_some))
        judge = {"judge": "nli", "model": str(tiny_models.nli)}
        experiment_id = await ended(means, tiny_models.rag(top_k=2), faithfulness=judge, sample={"n": 4})
        metrics = await metrics_of(means, experiment_id)
        assert metrics["scores"]["faithfulness"]["n"] == metrics["hallucination_rate"]["n"] == 4
        for run in await runs_of(means, experiment_id):
            value = run.scores["faithfulness"]["value"]
            assert run.scores["faithful"]["value"] == float(value >= 0.5)
        assert (await stored(means, experiment_id)).provenance["scorers"]["faithfulness"] == 1

    async def test_are_judged_by_a_model_that_is_asked(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels
    ) -> None:
        async def script(request: GenerationRequest) -> GenerationResult:
            if "supported by the passages" in request.messages[-1].content:
                return answered("No." if "nothing of the kind" in request.messages[-1].content else "yes")
            return await right_for_some(request)

        means = scripted(runtime, ScriptedEngine(script))
        judge = {"judge": "llm", "model": "mock/hash"}
        experiment_id = await ended(means, tiny_models.rag(), faithfulness=judge)
        assert (await metrics_of(means, experiment_id))["hallucination_rate"]["value"] == pytest.approx(0.9)

    async def test_calls_of_the_judge_are_spent(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def script(request: GenerationRequest) -> GenerationResult:
            judges = "supported by the passages" in request.messages[-1].content
            answer = answered("yes") if judges else await right_for_some(request)
            return replace(answer, usage=Usage(30, 2) if judges else Usage(10, 5))

        monkeypatch.setenv("OPENAI_API_KEY", "a key of this test")
        means = scripted(runtime, ScriptedEngine(script))
        judge = {"judge": "llm", "model": "openai/gpt-4o-mini"}
        fields = {"faithfulness": judge, "sample": {"n": 4}}
        experiment_id = await ended(means, tiny_models.rag(), **fields)
        usd = 4 * (30 * 0.15 + 2 * 0.60) / 1e6
        async with runtime.sessions() as session:
            found = await SpendingService(session, runtime).spending(None, None)
            taken = [await spent_by(session, [experiment_id])]
            taken.append(await spent_since(session, datetime.combine(found.until, time(), UTC)))
        asked, judging = sorted(found.rows, key=lambda row: row.method, reverse=True)
        assert (asked.method, asked.calls, judging.method, judging.calls) == ("rag", 4, "judging", 4)
        assert (judging.model, judging.day, judging.runs) == ("openai/gpt-4o-mini", found.until, 0)
        assert (judging.prompt_tokens, judging.completion_tokens) == (120, 8)
        assert judging.usd == found.total.usd == pytest.approx(usd)
        assert (found.total.runs, found.total.calls) == (4, 8)
        assert "Calls of models that judge or score have the method 'judging', and no runs." in found.notes
        for one in taken:
            assert (one.calls, one.tokens) == (8, 4 * (15 + 32))
            assert one.usd == pytest.approx(usd)
        await ended(means, tiny_models.rag(), **fields)  # all from the cache, judgements too
        async with runtime.sessions() as session:
            assert (await spent_by(session, [experiment_id])).calls == 8

    async def test_judges_without_a_price_are_not_free(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels
    ) -> None:
        async def script(request: GenerationRequest) -> GenerationResult:
            return replace(answered("yes"), usage=Usage(None, None))

        means = scripted(runtime, ScriptedEngine(script))
        judge = {"judge": "llm", "model": "mock/hash"}
        await ended(means, tiny_models.rag(), faithfulness=judge, sample={"n": 2})
        async with runtime.sessions() as session:
            found = await SpendingService(session, runtime).spending(None, None)
        (judging,) = [row for row in found.rows if row.method == "judging"]
        assert (judging.calls, judging.prompt_tokens, judging.usd) == (2, 0, None)
        for what in ("cost", "tokens"):
            assert f"The {what} of 2 calls that judge or score: not known, and in no sum." in found.notes

    async def test_without_passages_are_not_judged(self, runtime: Runtime, dataset: str) -> None:
        means = scripted(runtime, ScriptedEngine(right_for_some))
        judge = {"judge": "llm", "model": "mock/hash"}
        experiment_id = await ended(means, {"name": "naive"}, faithfulness=judge, sample={"n": 2})
        metrics = await metrics_of(means, experiment_id)
        assert metrics["hallucination_rate"] is None
        assert "faithfulness" not in metrics["scores"]
        assert (await runs_of(means, experiment_id))[0].scores["faithfulness"]["value"] is None


class TestIndex:
    async def test_is_built_once(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        embedded: list[int] = []
        real = Embedder.embed

        def spy(self: Embedder, texts: Sequence[str], done: Any) -> None:
            embedded.append(len(texts))
            real(self, texts, done)

        monkeypatch.setattr(Embedder, "embed", spy)
        means = scripted(runtime, ScriptedEngine(right_for_some))
        for variant in ("naive", "hybrid"):
            await ended(means, tiny_models.rag(variant=variant), sample={"n": 2})
        assert embedded == [len(ARTICLES)]

    async def test_other_model_than_when_it_was_created(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels, tmp_path: Any
    ) -> None:
        folder = tmp_path / "model"
        shutil.copytree(tiny_models.embedding, folder)
        means = scripted(runtime, ScriptedEngine(right_for_some))
        method = {**tiny_models.rag(), "embedding_model": str(folder)}
        experiment_id = await create(means, method=method, sample={"n": 2})
        (folder / "config.json").write_text((folder / "config.json").read_text() + "\n")
        assert await Executor(means, experiment_id).run() is ExperimentStatus.FAILED
        reason = (await stored(means, experiment_id)).reason or ""
        assert "The models of the retrieval are not what they were" in reason

    async def test_model_that_is_gone(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels, tmp_path: Any
    ) -> None:
        folder = tmp_path / "model"
        shutil.copytree(tiny_models.embedding, folder)
        means = scripted(runtime, engine := ScriptedEngine(right_for_some))
        method = {**tiny_models.rag(), "embedding_model": str(folder)}
        experiment_id = await create(means, method=method, sample={"n": 2})
        shutil.rmtree(folder)
        assert await Executor(means, experiment_id).run() is ExperimentStatus.FAILED
        assert str(folder) in ((await stored(means, experiment_id)).reason or "")
        assert engine.calls == []

    async def test_is_named_with_its_knowledge_base(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels
    ) -> None:
        experiment_id = await create(runtime, method=tiny_models.rag(variant="reranked"))
        retrieval = (await stored(runtime, experiment_id)).provenance["retrieval"]
        assert retrieval["knowledge_base"]["name"] == "towers"
        assert len(retrieval["index"]) == 24
        assert len(retrieval["reranker"]) == 64


class TestRefused:
    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"knowledge_base": "castles"}, "method.knowledge_base"),
            ({"version": "ffff"}, "method.knowledge_base"),
            ({"embedding_model": "/no/such/folder"}, "method.embedding_model"),
            ({"embedding_model": "nobody/no-such-model"}, "method.embedding_model"),
            ({"variant": "reranked", "reranker": "./nowhere"}, "method.reranker"),
            ({"chunk_tokens": 512}, "method.chunk_tokens"),
        ],
    )
    async def test_before_it_is_stored(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels, fields: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            await create(runtime, method={**tiny_models.rag(), **fields})
        assert [error.field for error in caught.value.errors] == [field]

    async def test_a_reranker_that_is_not_used_may_be_missing(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels
    ) -> None:
        await create(runtime, method={**tiny_models.rag(), "reranker": "/no/such/folder"})

    @pytest.mark.parametrize(
        "judge", [{"judge": "nli", "model": "/nowhere"}, {"judge": "llm", "model": "nobody/nothing"}]
    )
    async def test_judge(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels, judge: dict[str, str]
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            await create(runtime, method=tiny_models.rag(), faithfulness=judge)
        assert [error.field for error in caught.value.errors] == ["faithfulness.model"]

    async def test_judge_that_is_no_judge(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels
    ) -> None:
        judge = {"judge": "nli", "model": str(tiny_models.reranker)}
        experiment_id = await create(runtime, method=tiny_models.rag(), faithfulness=judge)
        means = scripted(runtime, engine := ScriptedEngine(right_for_some))
        assert await Executor(means, experiment_id).run() is ExperimentStatus.FAILED
        assert "no label entailment" in ((await stored(means, experiment_id)).reason or "")
        assert engine.calls == []


class TestPreview:
    async def test_the_calls_of_a_judge_are_estimated(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def script(request: GenerationRequest) -> GenerationResult:
            judges = "supported by the passages" in request.messages[-1].content
            return replace(answered("yes"), usage=Usage(30, 2) if judges else Usage(10, 5))

        monkeypatch.setenv("OPENAI_API_KEY", "a key of this test")
        judge = {"judge": "llm", "model": "openai/gpt-4o-mini"}
        wanted = config(
            model="mock/gold", dataset={"name": "quiz"}, method=tiny_models.rag(), faithfulness=judge
        )
        async with runtime.sessions() as session:
            before = await PreviewService(session, runtime).estimate(wanted)
        assert before.calls == 40
        assert "judge openai/gpt-4o-mini, from the length of its prompts" in before.basis
        means = scripted(runtime, ScriptedEngine(script))
        await ended(means, tiny_models.rag(), faithfulness=judge, sample={"n": 4})
        async with runtime.sessions() as session:
            after = await PreviewService(session, runtime).estimate(wanted)
        assert (after.calls, after.prompt_tokens, after.completion_tokens) == (40, 800, 140)
        assert "640 of the tokens are those of the judge openai/gpt-4o-mini, as in earlier" in after.basis

    async def test_shows_the_prompt_without_passages(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels
    ) -> None:
        wanted = config(model="mock/gold", dataset={"name": "quiz"}, method=tiny_models.rag())
        async with runtime.sessions() as session:
            preview = await PreviewService(session, runtime).preview(wanted, None, 0)
        assert NOT_YET in preview.messages[-1].content
        assert preview.estimate.calls == 20

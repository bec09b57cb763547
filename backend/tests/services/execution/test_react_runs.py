"""Tests of experiments whose method is an agent: what is refused, shown, run, stored and counted."""

from typing import Any
from urllib.parse import quote

import pytest

from app.core.errors import InvalidInput
from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import ExperimentStatus, FailureKind
from app.schemas.preview import PreviewOut
from app.schemas.result import RunOut
from app.schemas.trace import TraceOut
from app.services.evaluation.metrics.stored import metrics_out
from app.services.execution.executor import Executor
from app.services.inference.base import EngineError
from app.services.knowledge.service import KnowledgeService
from app.services.preview.estimates import count_calls
from app.services.preview.service import PreviewService
from app.services.runs.repository import RunRepository
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered
from tests.factories import config
from tests.support import create, metrics_of, runs_of, scripted, stored
from tests.tiny_models import TinyModels, articles_jsonl

SUMS = {"name": "react", "tools": ["calculator"], "shots": 0}


@pytest.fixture
async def towers(runtime: Runtime, dataset: str) -> str:
    """A knowledge base that holds the answers to samples 1 and 2 of the dataset."""
    async with runtime.sessions() as session:
        await KnowledgeService(session).add_files("towers", [("a.jsonl", articles_jsonl())])
    return "towers"


def reading(tiny_models: TinyModels, **fields: Any) -> dict[str, Any]:
    """Return an agent that searches the tiny knowledge base."""
    return {**tiny_models.rag(variant="naive"), "name": "react", "shots": 0, "top_k": 2, **fields}


def turns(*said: str) -> str:
    """Return a model that takes these turns."""
    return "mock/turns?" + "&".join(f"turn={quote(text)}" for text in said)


async def ended(runtime: Runtime, method: dict[str, Any], **fields: Any) -> Any:
    experiment_id = await create(runtime, method=method, **fields)
    await Executor(runtime, experiment_id).run()
    return experiment_id


async def previewed(runtime: Runtime, **fields: Any) -> PreviewOut:
    wanted = config(**{"model": "mock/gold", "dataset": {"name": "quiz", "n": 3}, **fields})
    async with runtime.sessions() as session:
        return await PreviewService(session, runtime).preview(wanted, None, 0)


class TestForms:
    @pytest.mark.parametrize(
        ("model", "form", "able"),
        [
            ("mock/hash", "grammar", "text"),
            ("mock/hash", "json", "text"),
            ("mock/hash", "native", "text"),
            ("groq/llama-3.1-8b-instant", "json", "native"),
            ("openai/gpt-4o-mini", "grammar", "json"),
            ("openai/gpt-3.5-turbo-instruct", "native", "text"),
        ],
    )
    async def test_that_the_provider_has_not(
        self, runtime: Runtime, dataset: str, model: str, form: str, able: str
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            await create(runtime, model=model, method={**SUMS, "form": form})
        error = caught.value
        assert [one.field for one in error.errors] == ["method.form"]
        assert (form in error.message, model in error.message) == (True, True)
        assert able in (error.hint or "")
        completes = "instruct" in model and "turbo" in model
        assert completes or f"provider {model.partition('/')[0]}" in (error.hint or "")

    @pytest.mark.parametrize(
        ("model", "form"),
        [
            ("mock/hash", "text"),
            ("openai/gpt-3.5-turbo-instruct", "text"),
            ("groq/llama-3.1-8b-instant", "native"),
            ("openai/gpt-4o-mini", "json"),
            ("llamacpp/any", "grammar"),
        ],
    )
    async def test_that_it_has(self, runtime: Runtime, dataset: str, model: str, form: str) -> None:
        assert (await previewed(runtime, model=model, method={**SUMS, "form": form})).messages


class TestPreview:
    async def test_shows_the_first_prompt(self, runtime: Runtime, dataset: str) -> None:
        preview = await previewed(runtime, method={**SUMS, "shots": 2, "exemplars": "arithmetic"})
        roles = [message.role for message in preview.messages]
        assert (roles[0], roles[1], roles[-1]) == ("system", "user", "user")
        assert len(roles) > 6
        assert preview.example.question in preview.messages[-1].content

    async def test_of_native_calls_shows_those_of_the_examples(self, runtime: Runtime, dataset: str) -> None:
        method = {**SUMS, "form": "native", "shots": 1, "exemplars": "arithmetic"}
        preview = await previewed(runtime, model="openai/gpt-4o-mini", method=method)
        asking = [message for message in preview.messages if message.tool_calls]
        assert asking
        assert asking[0].tool_calls[0]["function"]["name"] == "calculator"
        assert [message.role for message in preview.messages].count("tool") == len(asking)

    async def test_counts_the_most_calls_that_there_may_be(self, runtime: Runtime, dataset: str) -> None:
        preview = await previewed(runtime, method={**SUMS, "max_iterations": 4}, repeats=2)
        assert (preview.estimate.questions, preview.estimate.calls) == (3, 3 * 2 * 5)
        assert preview.estimate.prompt_tokens > 0

    async def test_counts_those_of_an_equal_experiment_once_there_is_one(
        self, runtime: Runtime, dataset: str
    ) -> None:
        model = turns("Action: calculator[1 + 1]", "Action: finish[2]")
        await ended(runtime, SUMS, model=model)
        preview = await previewed(runtime, model=model, method=SUMS)
        assert preview.estimate.calls == 3 * 2
        assert "as in the last completed experiment" in preview.estimate.basis

    def test_calls_by_hand(self) -> None:
        agent = config(method={**SUMS, "max_iterations": 4, "final_answer_prompt": "never"}, repeats=2)
        assert count_calls(agent, 3) == 24
        assert count_calls(agent, 3, measured=2.5) == 15
        assert count_calls(config(repeats=2), 3, measured=2.5) == 6

    async def test_needs_no_knowledge_base_without_the_tool(self, runtime: Runtime, dataset: str) -> None:
        assert (await previewed(runtime, method={**SUMS, "knowledge_base": "nowhere"})).messages
        with pytest.raises(InvalidInput) as caught:
            await previewed(runtime, method={"name": "react", "knowledge_base": "nowhere"})
        assert [error.field for error in caught.value.errors] == ["method.knowledge_base"]


class TestProvenance:
    async def test_has_retrieval_only_with_the_tool(
        self, runtime: Runtime, towers: str, tiny_models: TinyModels
    ) -> None:
        found = {}
        for tools in (["retrieval"], ["calculator"]):
            experiment_id = await create(runtime, method=reading(tiny_models, tools=tools))
            found[tools[0]] = (await stored(runtime, experiment_id)).provenance
        assert found["retrieval"]["retrieval"]["knowledge_base"]["name"] == "towers"
        assert "answer_in_context" in found["retrieval"]["scorers"]
        assert "retrieval" not in found["calculator"]
        assert "answer_in_context" not in found["calculator"]["scorers"]
        assert "chromadb" not in found["calculator"]["packages"]


class TestRuns:
    async def test_keep_their_trace_and_are_counted(self, runtime: Runtime, dataset: str) -> None:
        model = turns(
            "Thought: I add.\nAction: calculator[1 + 1]", "Action: weather[Rome]", "Answer: thing 2"
        )
        experiment_id = await ended(runtime, SUMS, model=model, sample={"n": 4})
        runs = await runs_of(runtime, experiment_id)
        for run in runs:
            assert run.trace is not None
            trace = TraceOut.model_validate(run.trace)
            assert trace.summary.uses == {
                "calculator": {"successful": 1, "failed": 0, "unneeded": 0},
                "weather": {"successful": 0, "failed": 1, "unneeded": 0},
            }
            assert [step.calls for step in trace.steps] == [[0], [1], [2]]
            assert (len(run.calls), run.retrieved) == (3, None)
        metrics = metrics_out(await metrics_of(runtime, experiment_id))
        assert metrics.agent is not None
        assert metrics.agent.outcomes["answered"] == metrics.agent.runs == 4
        assert metrics.agent.iterations.value == 3
        async with runtime.sessions() as session:
            found = await RunRepository(session).get(experiment_id, runs[0].id)
        assert found is not None
        served = RunOut.model_validate(found)
        assert served.trace is not None
        assert served.trace.steps[0].thought == "I add."

    async def test_read_passages(self, runtime: Runtime, towers: str, tiny_models: TinyModels) -> None:
        model = turns("Action: retrieval[tall tower]", "Action: finish[thing 1]")
        experiment_id = await ended(runtime, reading(tiny_models), model=model)
        assert (await stored(runtime, experiment_id)).status == ExperimentStatus.COMPLETED
        for run in await runs_of(runtime, experiment_id):
            assert run.retrieved is not None
            assert len(run.retrieved) == 2
        metrics = await metrics_of(runtime, experiment_id)
        assert sum(metrics["attribution"].values()) > 0

    async def test_that_fail_in_the_middle_keep_what_was_done(self, runtime: Runtime, dataset: str) -> None:
        async def script(request: GenerationRequest) -> GenerationResult:
            if len(request.messages) > 2:
                raise EngineError(FailureKind.REFUSED, "no")
            return answered("Action: calculator[1 + 1]")

        means = scripted(runtime, ScriptedEngine(script))
        experiment_id = await ended(means, SUMS, max_failed_share=1, sample={"n": 2})
        for run in await runs_of(means, experiment_id):
            assert (run.status, len(run.calls)) == ("failed", 2)
            assert run.trace is not None
            assert run.trace["summary"]["outcome"] == "failed"
            assert run.trace["steps"][0]["use"]["observation"] == "2"
        metrics = await metrics_of(means, experiment_id)
        assert metrics["agent"]["outcomes"]["failed"] == 2

    @pytest.mark.parametrize(
        "written",
        [
            '{"action": "calculator", "input": "\\u0000\\ud800"}',
            '{"action": "\\u0000\\ud800", "input": {"\\u0000": "\\ud800"}}',
            '{"action": "calculator", "input": 123456789012345678901234567890}',
            '{"action": "calculator", "input": NaN}',
            '{"action": "calculator", "input": 1e999}',
            '{"thought": "\\u0000\\ud800", "action": "calculator", "input": "1"}',
            '{"action": "calculator", "input": ' + "[" * 600 + "]" * 600 + "}",
            '{"action": "finish", "input": "\\u0000\\ud800"}',
        ],
        ids=lambda written: written[:40],
    )
    async def test_can_be_stored_whatever_the_model_writes(
        self, runtime: Runtime, dataset: str, written: str
    ) -> None:
        async def script(request: GenerationRequest) -> GenerationResult:
            return answered(written if len(request.messages) < 4 else "Action: finish[1]")

        means = scripted(runtime, ScriptedEngine(script))
        experiment_id = await ended(means, SUMS, sample={"n": 1})
        assert (await stored(means, experiment_id)).status == ExperimentStatus.COMPLETED
        (run,) = await runs_of(means, experiment_id)
        assert (run.status, run.failure_message) == ("ok", None)
        assert run.trace is not None

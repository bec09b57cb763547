"""Tests of runs as traces: a real collector over HTTP gets what executors store."""

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openinference.semconv.trace import OpenInferenceSpanKindValues, SpanAttributes
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.semconv._incubating.attributes import error_attributes, gen_ai_attributes

from app.core.config import get_settings
from app.domain.status import ExperimentStatus
from app.services.execution.executor import Executor
from app.services.knowledge.service import KnowledgeService
from app.services.runtime import Runtime
from app.services.tracing import traces
from tests.engines import ScriptedEngine
from tests.fixtures.collector import Collector, attributes_of, collector
from tests.services.execution.test_agent_runs import CALCULATOR, sum_and_answer
from tests.support import create, runs_of, scripted, stored, with_settings
from tests.tiny_models import TinyModels, articles_jsonl

Logged = Callable[[], str]
"""Gives what was logged since the last time."""


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Logged:
    """Reads the log, whether an earlier test has sent it elsewhere or not."""

    def text() -> str:
        lines = capsys.readouterr()
        return lines.out + lines.err or caplog.text

    return text


SMALL = {"n": 3}
CONTENT = (
    "input.value",
    "output.value",
    "content",
    "arguments",
    "tool.parameters",
    "answers",
    "thinking",
    "metadata",
)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        yield found


def traced(runtime: Runtime, url: str, **values: Any) -> Runtime:
    """Return the same means, which send traces."""
    return with_settings(runtime, otlp_endpoint=url, **values)


async def ended(runtime: Runtime, **fields: Any) -> uuid.UUID:
    experiment_id = await create(runtime, sample=SMALL, **fields)
    await Executor(runtime, experiment_id).run()
    return experiment_id


def by_kind(trace: list[Span], kind: str) -> list[dict[str, Any]]:
    """Return the attributes of the spans of one kind, by their beginning."""
    spans = sorted(trace, key=lambda span: span.start_time_unix_nano)
    found = [attributes_of(span.attributes) for span in spans]
    return [one for one in found if one["openinference.span.kind"] == kind]


def require_tree(trace: list[Span]) -> None:
    """Require that all spans are children of the first, and within it."""
    root, *others = trace
    assert root.parent_span_id == b""
    assert len({span.span_id for span in trace}) == len(trace)
    for span in others:
        assert span.parent_span_id == root.span_id
        assert root.start_time_unix_nano <= span.start_time_unix_nano
        assert span.start_time_unix_nano <= span.end_time_unix_nano <= root.end_time_unix_nano


class TestTraces:
    async def test_a_naive_run(self, runtime: Runtime, dataset: str, receiver: Collector) -> None:
        means = traced(runtime, receiver.url)
        experiment_id = await ended(means, model="mock/gold", name="traced", seed=7)
        assert receiver.resource()["service.name"] == "llmforge"
        assert set(receiver.paths) == {"/v1/traces"}
        assert len(receiver.traces()) == 3
        keys = set()
        for trace in receiver.traces():
            require_tree(trace)
            (root,) = by_kind(trace, "CHAIN")
            (call,) = by_kind(trace, "LLM")
            (scoring,) = by_kind(trace, "EVALUATOR")
            assert root["session.id"] == root["llmforge.experiment.id"] == str(experiment_id)
            assert (root["llmforge.experiment.name"], root["llmforge.dataset"]) == ("traced", "quiz")
            assert (root["llmforge.repeat"], root["llmforge.seed"]) == (0, 7)
            assert root["input.value"].startswith("What is item")
            assert root["output.value"].startswith("thing")
            assert root["llmforge.score.exact_match"] == 1.0
            assert call["gen_ai.operation.name"] == "chat"
            assert call["llm.model_name"] == "gold"
            assert (call["gen_ai.provider.name"], call["gen_ai.request.model"]) == ("mock", "gold")
            assert call["gen_ai.usage.input_tokens"] == call["llm.token_count.prompt"] > 0
            assert call["llm.token_count.total"] == (
                call["llm.token_count.prompt"] + call["llm.token_count.completion"]
            )
            assert call["gen_ai.response.finish_reasons"] == ["stop"]
            assert root["input.value"] in call["llm.input_messages.0.message.content"]
            assert call["llm.output_messages.0.message.content"] == call["output.value"]
            assert not call["llmforge.cached"]
            assert scoring["llmforge.score.exact_match"] == 1.0
            (events,) = [span.events for span in trace if span.name == "scoring"]
            told = [attributes_of(event.attributes) for event in events]
            assert ("exact_match", 1.0) in [
                (one["gen_ai.evaluation.name"], one["gen_ai.evaluation.score.value"]) for one in told
            ]
            keys.add(root["llmforge.question.key"])
        assert len(keys) == 3

    async def test_times_are_those_of_the_stages(
        self, runtime: Runtime, dataset: str, receiver: Collector
    ) -> None:
        means = traced(runtime, receiver.url)
        experiment_id = await ended(means, model="mock/gold?latency_ms=30")
        runs = await runs_of(means, experiment_id)
        lengths = sorted(sum(1_000 * int(one[1]) for one in run.stages or []) for run in runs)
        roots = [trace[0] for trace in receiver.traces()]
        assert sorted(one.end_time_unix_nano - one.start_time_unix_nano for one in roots) == lengths
        calls = [span for span in receiver.spans if span.name == "chat gold"]
        assert all(one.end_time_unix_nano - one.start_time_unix_nano >= 30_000_000 for one in calls)
        row = await stored(means, experiment_id)
        assert row.started_at is not None
        began_ns = int(row.started_at.timestamp() * 1e9)
        assert all(one.start_time_unix_nano > began_ns for one in roots)

    async def test_cached_answers_are_marked_and_cost_nothing(
        self, runtime: Runtime, dataset: str, receiver: Collector
    ) -> None:
        await ended(runtime)
        await ended(traced(runtime, receiver.url))
        for trace in receiver.traces():
            (call,) = by_kind(trace, "LLM")
            assert call["llmforge.cached"]
            assert call["llmforge.cache.tier"] in {"memory", "database"}
            assert call["llm.cost.total"] == 0.0
            assert attributes_of(trace[0].attributes)["llmforge.cached"]

    async def test_a_rag_run_has_its_passages(
        self, runtime: Runtime, dataset: str, tiny_models: TinyModels, receiver: Collector
    ) -> None:
        async with runtime.sessions() as session:
            await KnowledgeService(session).add_files("towers", [("a.jsonl", articles_jsonl())])
        means = traced(runtime, receiver.url)
        experiment_id = await ended(means, method=tiny_models.rag(variant="hybrid", top_k=2))
        runs = {run.example_id: run for run in await runs_of(means, experiment_id)}
        documents = {tuple(one["id"] for one in run.retrieved or []) for run in runs.values()}
        for trace in receiver.traces():
            require_tree(trace)
            (found,) = by_kind(trace, "RETRIEVER")
            ids = tuple(found[f"retrieval.documents.{place}.document.id"] for place in range(2))
            assert ids in documents
            assert found["retrieval.documents.0.document.content"]
            assert found["retrieval.documents.0.document.score"] > 0
            spans = {span.name: span for span in trace}
            call = next(span for span in trace if span.name.startswith("chat"))
            assert spans["retrieval"].end_time_unix_nano <= call.start_time_unix_nano
            assert spans["retrieval"].end_time_unix_nano > spans["retrieval"].start_time_unix_nano

    async def test_an_agent_s_run_has_its_tools(
        self, runtime: Runtime, dataset: str, receiver: Collector
    ) -> None:
        means = traced(scripted(runtime, ScriptedEngine(sum_and_answer)), receiver.url)
        await ended(means, method=CALCULATOR)
        for trace in receiver.traces():
            require_tree(trace)
            (root,) = by_kind(trace, "AGENT")
            (tool,) = by_kind(trace, "TOOL")
            calls = by_kind(trace, "LLM")
            assert root["gen_ai.operation.name"] == "invoke_agent"
            assert root["llmforge.agent.outcome"] == "answered"
            assert tool["gen_ai.operation.name"] == "execute_tool"
            assert tool["gen_ai.tool.name"] == tool["tool.name"] == "calculator"
            assert "* 1" in tool["input.value"]
            assert tool["output.value"].isdigit()
            assert len(calls) == 2
            names = [span.name for span in sorted(trace[1:], key=lambda one: one.start_time_unix_nano)]
            assert [name.partition(" ")[0] for name in names] == ["chat", "execute_tool", "chat", "scoring"]

    async def test_failed_runs_say_why(self, runtime: Runtime, dataset: str, receiver: Collector) -> None:
        means = traced(runtime, receiver.url)
        experiment_id = await ended(
            means, model="mock/gold?fail_rate=1&fail_kind=bad_request", max_failed_share=1.0
        )
        assert len(receiver.traces()) == len(await runs_of(means, experiment_id)) == 3
        for trace in receiver.traces():
            require_tree(trace)
            assert trace[0].status.code == Status.STATUS_CODE_ERROR
            assert trace[0].status.message
            (call,) = by_kind(trace, "LLM")
            assert call["error.type"] == "bad_request"
            assert "llm.cost.total" not in call
            assert by_kind(trace, "EVALUATOR") == []

    async def test_texts_are_left_out_or_cut(
        self, runtime: Runtime, dataset: str, receiver: Collector
    ) -> None:
        means = scripted(runtime, ScriptedEngine(sum_and_answer))
        await ended(traced(means, receiver.url, capture_content=False), method=CALCULATOR)
        assert receiver.spans
        for span in receiver.spans:
            found = attributes_of(span.attributes)
            told = {name for name in found if name.endswith(CONTENT) and name != "output.value"}
            assert not told
            assert "item" not in json.dumps(found)
            assert all("explanation" not in event.attributes for event in span.events)
        receiver.requests.clear()
        await ended(traced(means, receiver.url, trace_text_limit=5), method=CALCULATOR)
        roots = [attributes_of(trace[0].attributes) for trace in receiver.traces()]
        assert all(one["input.value"].startswith("What … (") for one in roots)

    async def test_names_are_those_of_the_conventions(
        self, runtime: Runtime, dataset: str, receiver: Collector
    ) -> None:
        await ended(
            traced(scripted(runtime, ScriptedEngine(sum_and_answer)), receiver.url), method=CALCULATOR
        )
        known = {
            value
            for source in (SpanAttributes, gen_ai_attributes, error_attributes)
            for name, value in vars(source).items()
            if name.isupper() and isinstance(value, str)
        }
        prefixes = ("llm.input_messages.", "llm.output_messages.", "llmforge.")
        kinds = {one.value for one in OpenInferenceSpanKindValues}
        for span in receiver.spans:
            found = attributes_of(span.attributes)
            assert found["openinference.span.kind"] in kinds
            assert {name for name in found if name not in known and not name.startswith(prefixes)} == set()

    async def test_headers_are_sent_and_the_sender_is_named(
        self, runtime: Runtime, dataset: str, receiver: Collector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20c2VjcmV0LWtleQ==,x-a=b")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=lab")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
        get_settings.cache_clear()
        given = get_settings()
        await ended(traced(runtime, given.otlp_endpoint, otlp_headers=given.otlp_headers))
        assert receiver.headers[0]["authorization"] == "Basic c2VjcmV0LWtleQ=="
        assert receiver.resource()["service.name"] == "mine"
        assert receiver.resource()["deployment.environment"] == "lab"


class TestSwitchedOff:
    @pytest.mark.parametrize(("given", "sent"), [("TRUE", 0), ("true", 0), ("false", 3), ("1", 3), ("", 3)])
    async def test_by_the_variable_of_opentelemetry_whose_only_yes_is_true(
        self,
        runtime: Runtime,
        dataset: str,
        receiver: Collector,
        monkeypatch: pytest.MonkeyPatch,
        given: str,
        sent: int,
    ) -> None:
        monkeypatch.setenv("OTEL_SDK_DISABLED", given)
        get_settings.cache_clear()
        await ended(traced(runtime, receiver.url, tracing_disabled=get_settings().tracing_disabled))
        assert len({span.trace_id for span in receiver.spans}) == sent


class TestTrouble:
    async def test_a_collector_that_is_down_costs_one_warning(
        self,
        runtime: Runtime,
        dataset: str,
        monkeypatch: pytest.MonkeyPatch,
        logged: Logged,
    ) -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:hunter22@127.0.0.1:9")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
        means = traced(runtime, "http://user:hunter22@127.0.0.1:9")
        experiment_id = await ended(means)
        assert (await stored(means, experiment_id)).status == ExperimentStatus.COMPLETED
        said = logged()
        assert said.count("traces_not_taken") == 1
        assert said.count("traces_lost") == 1
        assert "hunter22" not in said
        assert "127.0.0.1:9" in said

    async def test_one_that_refuses_is_told_with_the_number_of_lost_spans(
        self, runtime: Runtime, dataset: str, receiver: Collector, logged: Logged
    ) -> None:
        receiver.status = 403
        await ended(traced(runtime, receiver.url))
        said = logged()
        assert "403" in said
        assert re.search(r"spans\W{1,3}9\b", said)

    async def test_one_that_does_not_answer_holds_up_no_run(
        self,
        runtime: Runtime,
        dataset: str,
        receiver: Collector,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "8")
        monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4")
        monkeypatch.setattr(traces, "_FLUSH_WITHIN_S", 0.01)
        receiver.hold.clear()
        means = traced(runtime, receiver.url)
        experiment_id = await create(means)
        executor = Executor(means, experiment_id)
        await executor.run()
        assert (await stored(means, experiment_id)).status == ExperimentStatus.COMPLETED
        assert receiver.spans == []
        assert executor._traces is not None
        assert executor._traces._exporter.lost == 60
        receiver.hold.set()

    async def test_a_defect_fails_no_run(
        self,
        runtime: Runtime,
        dataset: str,
        receiver: Collector,
        monkeypatch: pytest.MonkeyPatch,
        logged: Logged,
    ) -> None:
        def broken(*_: object) -> None:
            raise KeyError("defect")

        monkeypatch.setattr(traces, "spans_of", broken)
        experiment_id = await ended(traced(runtime, receiver.url))
        assert (await stored(runtime, experiment_id)).status == ExperimentStatus.COMPLETED
        assert logged().count("run_not_traced") == 1

    def test_a_wrong_address_is_refused_at_the_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317")
        get_settings.cache_clear()
        with pytest.raises(SystemExit, match="OTEL_EXPORTER_OTLP_ENDPOINT must be an address"):
            get_settings()

    @pytest.mark.parametrize(
        ("word", "told"), [("false", False), ("NO_CONTENT", False), ("span_only", True), ("True", True)]
    )
    def test_words_of_the_conventions_say_whether_texts_are_told(
        self, monkeypatch: pytest.MonkeyPatch, word: str, told: bool
    ) -> None:
        monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", word)
        get_settings.cache_clear()
        assert get_settings().capture_content is told


class TestOff:
    def test_nothing_that_sends_traces_is_imported(self) -> None:
        script = (
            "import sys, app.tasks.jobs, app.tasks.worker; from app.core.config import get_settings\n"
            "from app.services.tracing.traces import open_traces\n"
            "assert open_traces(get_settings()) is None\n"
            "print([one for one in sys.modules if one.startswith(('opentelemetry.sdk.trace', "
            "'opentelemetry.exporter', 'opentelemetry.proto', 'app.services.tracing.exporter'))])"
        )
        done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
        assert done.stdout.strip() == "[]"

    async def test_no_run_is_looked_at(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(traces, "spans_of", lambda *_: pytest.fail("no collector is set"))
        executor = Executor(runtime, await create(runtime, sample=SMALL))
        await executor.run()
        assert executor._traces is None

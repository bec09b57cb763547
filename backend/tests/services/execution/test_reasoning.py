"""Reasoning models through the whole path: what is stored, sent, exported, charged and warned of."""

from typing import Any

import orjson
import pytest

from app.domain.generation import GenerationParams, GenerationRequest, GenerationResult, Message, Usage
from app.domain.prediction import Call
from app.domain.status import ExperimentStatus
from app.services.evaluation.metrics.stored import metrics_out
from app.services.execution.call_warnings import warnings_of
from app.services.execution.executor import Executor
from app.services.execution.expenses import cost_usd
from app.services.inference.catalog import Price
from app.services.results.export import export_runs
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine
from tests.fixtures.fake_llm import FakeLLM
from tests.fixtures.fake_llm_behaviour import Reply
from tests.support import create, metrics_of, runs_of, scripted

THOUGHT = "First I recall that …"


def reply(message: dict[str, Any], finish_reason: str, **usage: Any) -> Reply:
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", **message}}
    counts = {"prompt_tokens": 20, "completion_tokens": 64, **usage}
    return Reply(body=orjson.dumps({"choices": [choice], "usage": counts}))


class TestWholePath:
    async def test_answers_that_ended_in_thinking(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        details = {"completion_tokens_details": {"reasoning_tokens": 64}}
        async with FakeLLM() as server:
            monkeypatch.setenv("VLLM_BASE_URL", server.base_url)
            for content in ({"content": None}, {"content": ""}, {}):
                server.script.append(reply({"reasoning_content": THOUGHT, **content}, "length", **details))
            server.script.append(reply({"content": f"<think>{THOUGHT}</think>thing"}, "stop"))
            experiment_id = await create(runtime, model="vllm/m", sample={"n": 4}, concurrency=1)
            assert await Executor(runtime, experiment_id).run() is ExperimentStatus.COMPLETED
            assert server.stats.requests == 4
        runs = await runs_of(runtime, experiment_id)
        outcomes = sorted((run.parse_outcome, run.answer or "", run.calls[0]["thinking"]) for run in runs)
        assert outcomes == [("answered", "thing", THOUGHT), *[("cut_off_thinking", "", THOUGHT)] * 3]
        cut = [run for run in runs if run.parse_outcome == "cut_off_thinking"]
        assert {(run.status, run.reasoning_tokens, run.attempts) for run in cut} == {("ok", 64, 1)}
        assert all(one["kind"] == "cut_off_thinking" for run in cut for one in run.warnings or [])
        out = metrics_out(await metrics_of(runtime, experiment_id))
        assert out.warnings == ["3 of 4 runs were cut off while the model was thinking: raise max_tokens."]
        assert out.tokens.reasoning == 192
        exported = b"".join([part async for part in export_runs(runtime.sessions, experiment_id, "json")])
        assert {row["calls"][0]["thinking"] for row in orjson.loads(exported)} == {THOUGHT}
        assert {row["reasoning_tokens"] for row in orjson.loads(exported)} == {64, None}

    async def test_they_are_asked_again_and_others_come_from_the_cache_with_their_thinking(
        self, runtime: Runtime, dataset: str
    ) -> None:
        def script(request: GenerationRequest) -> GenerationResult:
            cut = "item 3 " in request.messages[-1].content
            usage = Usage(9, 8, 7, 6, 5)
            return GenerationResult("" if cut else "x", usage, finish_reason="length", thinking=THOUGHT)

        async def answer(request: GenerationRequest) -> GenerationResult:
            return script(request)

        engine = ScriptedEngine(answer)
        for _ in range(2):
            experiment_id = await create(scripted(runtime, engine))
            await Executor(scripted(runtime, engine), experiment_id).run()
        assert len(engine.calls) == 21
        run = (await runs_of(runtime, experiment_id))[0]
        assert (run.cached, run.calls[0]["thinking"], run.reasoning_tokens) == (True, THOUGHT, 7)
        assert (run.cache_read_tokens, run.cache_write_tokens) == (6, 5)

    async def test_an_agent_is_not_asked_to_repair_what_was_cut_off_in_thinking(
        self, runtime: Runtime, dataset: str
    ) -> None:
        cut = GenerationResult("", Usage(9, 64, 64), finish_reason="length", thinking=THOUGHT)
        method = {"name": "react", "tools": ["calculator"], "final_answer_prompt": "never"}
        engine = ScriptedEngine(cut)
        experiment_id = await create(scripted(runtime, engine), method=method, sample={"n": 2})
        await Executor(scripted(runtime, engine), experiment_id).run()
        runs = await runs_of(runtime, experiment_id)
        assert {(run.parse_outcome, len(run.calls)) for run in runs} == {("cut_off_thinking", 1)}
        assert all("raise max_tokens" in (run.trace or {})["summary"]["reason"] for run in runs)

    async def test_thinking_never_goes_back_to_the_model(self, runtime: Runtime, dataset: str) -> None:
        turns = ["Thought: I compute.\nAction: calculator[6*7]", "Thought: Done.\nAction: finish[42]"]
        answers = [GenerationResult(text, Usage(9, 9), thinking=THOUGHT) for text in turns]
        engine = ScriptedEngine(answers)
        method = {"name": "react", "tools": ["calculator"], "final_answer_prompt": "never"}
        experiment_id = await create(scripted(runtime, engine), method=method, sample={"n": 1})
        await Executor(scripted(runtime, engine), experiment_id).run()
        assert len(engine.calls) == 2
        assert all(THOUGHT not in message.content for call in engine.calls for message in call.messages)
        assert [call["thinking"] for call in (await runs_of(runtime, experiment_id))[0].calls] == [
            THOUGHT
        ] * 2


class TestCost:
    PRICE = Price(input=1.0, output=8.0, cached_input=0.1, cache_write=1.25)

    @pytest.mark.parametrize(
        ("usage", "usd"),
        [
            (Usage(1000, 100), 1000 * 1.0 + 100 * 8.0),
            (Usage(1000, 100, 90), 1000 * 1.0 + 100 * 8.0),
            (Usage(1000, 100, None, 600), 400 * 1.0 + 600 * 0.1 + 100 * 8.0),
            (Usage(1000, 100, None, 600, 300), 100 * 1.0 + 600 * 0.1 + 300 * 1.25 + 100 * 8.0),
        ],
    )
    def test_parts_of_the_prompt_have_their_price(self, usage: Usage, usd: float) -> None:
        assert cost_usd([GenerationResult("", usage)], self.PRICE) == pytest.approx(usd / 1e6)

    def test_without_one_they_cost_as_the_rest(self) -> None:
        price = Price(input=1.0, output=8.0)
        assert cost_usd([GenerationResult("", Usage(1000, 100, None, 600, 300))], price) == pytest.approx(
            0.0018
        )


class TestWarnings:
    def kinds(self, words: int, usage: Usage, finish_reason: str = "stop", most: int = 64) -> list[str]:
        prompt = " ".join(["passage"] * words)
        request = GenerationRequest((Message("user", prompt),), "m", GenerationParams(max_tokens=most))
        result = GenerationResult("x", usage, finish_reason=finish_reason)
        return [one["kind"] for one in warnings_of([Call(request, result)] * 2) or []]

    @pytest.mark.parametrize(
        ("words", "usage", "reason", "kinds"),
        [
            (5_500, Usage(2_050, 5), "stop", ["prompt_cut"]),
            (5_500, Usage(4_096, 5), "stop", ["prompt_cut"]),
            (5_500, Usage(7_200, 5), "stop", []),
            (5_500, Usage(5_500, 5), "stop", []),
            (3_000, Usage(4_032, 64), "length", ["window_full"]),
            (3_000, Usage(4_032, 64), "stop", []),
            (3_000, Usage(4_031, 64), "length", []),
            (3_000, Usage(None, 64), "length", []),
            (300, Usage(20, 5), "stop", []),
        ],
    )
    def test_usage_is_held_against_the_prompt(
        self, words: int, usage: Usage, reason: str, kinds: list[str]
    ) -> None:
        assert self.kinds(words, usage, reason) == kinds

    def test_none_is_no_list(self) -> None:
        assert warnings_of([]) is None

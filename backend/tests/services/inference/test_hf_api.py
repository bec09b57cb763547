"""The Hugging Face engine, through the real client against the fake server."""

import asyncio
import gzip
import socket
import threading
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.domain.generation import (
    Constraint,
    GenerationParams,
    GenerationResult,
    Message,
    ToolCall,
    ToolSpec,
    Usage,
)
from app.domain.status import FailureKind
from app.services.inference.base import Engine
from app.services.inference.catalog import ModelSpec, ProviderSpec
from app.services.inference.engines import hf_api
from app.services.inference.engines.connector import LocalServerOptions
from app.services.inference.engines.hf_api import HFAPIConnector, HFTextGenerationEngine
from app.services.inference.engines.openai_compatible import OpenAICompatibleEngine
from app.services.inference.failures import clean
from tests.fixtures.fake_llm import FakeLLM
from tests.fixtures.fake_llm_behaviour import Reply, hash_answer
from tests.services.inference.steps import failure_of, mask, prompt_of, request, requests

LOCAL = LocalServerOptions(Path(), slots=1, context=256, threads=1)
OpenHF = Callable[..., Awaitable[Engine]]
PARAMS = GenerationParams(temperature=0.5, max_tokens=8, top_p=0.9, stop=("\n",))
TURNS = (Message("system", "Be brief."), Message("user", "Hello?"))
TGI_CONTEXT = b'{"error":"`inputs` tokens + `max_new_tokens` must be <= 2048","error_type":"validation"}'
MODEL = "hf/meta-llama/Llama-3.1-8B-Instruct"


def connector(name: str, env: dict[str, str], api: Any = "chat", **provider: Any) -> HFAPIConnector:
    """Return what opens a model of Hugging Face."""
    spec = ProviderSpec(engine="huggingface", base_url_env="HF_URL", api_key_env="HF_TOKEN", **provider)
    return HFAPIConnector(spec, ModelSpec(name=name, api=api), env, Path(), LOCAL)


@pytest.fixture
def open_hf(fake: FakeLLM, closing: Callable[[Any], Any]) -> OpenHF:
    """Opens an engine on the fake server."""

    async def open_(
        api: Any = "chat", base_url: str | None = None, key: str | None = "hf_key", timeout_s: float = 600
    ) -> Engine:
        env = {"HF_URL": base_url or fake.base_url} | ({"HF_TOKEN": key} if key else {})
        kept: Engine = closing(await connector(MODEL, env, api).open(timeout_s))
        return kept

    return open_


class TestChat:
    async def test_body(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        await (await open_hf()).generate(request(messages=TURNS, params=PARAMS, seed=5, repeat=2))
        body = fake.stats.last_body
        assert fake.stats.last_path == "/v1/chat/completions"
        assert body["model"] == "meta-llama/Llama-3.1-8B-Instruct"
        assert body["messages"] == [message.as_dict() for message in TURNS]
        assert (body["temperature"], body["max_tokens"], body["top_p"]) == (0.5, 8, 0.9)
        assert (body["stop"], body["seed"]) == (["\n"], 7)

    async def test_greedy_is_a_temperature_of_0(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        await (await open_hf()).generate(request())
        assert fake.stats.last_body["temperature"] == 0
        assert "top_p" not in fake.stats.last_body
        assert "stop" not in fake.stats.last_body

    async def test_key(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        await (await open_hf(key="hf_of_the_test")).generate(request())
        assert fake.stats.last_headers["authorization"] == "Bearer hf_of_the_test"

    async def test_answer(self, open_hf: OpenHF) -> None:
        call = request("x" * 40)
        result = await (await open_hf()).generate(call)
        assert result.text == hash_answer(prompt_of(call))
        assert result.usage == Usage(prompt_tokens=11, completion_tokens=3)
        assert (result.finish_reason, result.attempts) == ("stop", 1)
        assert result.model == "meta-llama/Llama-3.1-8B-Instruct"

    async def test_no_usage_reported(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        fake.set(usage=False)
        assert (await (await open_hf()).generate(request())).usage == Usage()

    async def test_nul_can_be_stored(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        fake.script.append(
            Reply(body=b'{"choices":[{"index":0,"message":{"role":"assistant","content":"a\\u0000b"}}]}')
        )
        assert (await (await open_hf()).generate(request())).text == "a\ufffdb"

    async def test_an_echoed_key_is_masked(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        mask("hf_key")
        fake.set(echo_auth=True)
        assert (await (await open_hf()).generate(request())).text == "Bearer [redacted]"

    async def test_many_at_once(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        calls = requests(24)
        results = await (await open_hf()).generate_batch(calls)
        assert [each.text for each in results if isinstance(each, GenerationResult)] == [
            hash_answer(prompt_of(call)) for call in calls
        ]

    async def test_no_bound_of_the_client_below_the_limiter(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        fake.set(hang_rate=1)
        batch = asyncio.create_task((await open_hf()).generate_batch(requests(120)))
        await fake.until(lambda: fake.stats.in_flight == 120)
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch


class TestTools:
    SPEC = ToolSpec("retrieval", "Searches.", '{"properties":{},"type":"object"}')

    async def test_are_passed_on(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        used = Message("assistant", "", tool_calls=(ToolCall("a", "retrieval", "{}"),))
        turns = (Message("user", "Why?"), used, Message("tool", "So.", tool_call_id="a"))
        await (await open_hf()).generate(request(messages=turns, tools=(self.SPEC,)))
        body = fake.stats.last_body
        assert body["tools"] == [self.SPEC.as_dict()]
        assert body["messages"] == [message.as_dict() for message in turns]

    async def test_without_any_nothing_is_sent(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        await (await open_hf()).generate(request())
        assert not {"tools", "response_format", "grammar"} & set(fake.stats.last_body)

    async def test_schema_is_passed_on(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        constraint = Constraint("json_schema", '{"type":"object"}')
        await (await open_hf()).generate(request(constraint=constraint))
        assert fake.stats.last_body["response_format"]["json_schema"]["schema"] == {"type": "object"}

    @pytest.mark.parametrize("arguments", ['{"query":"K2"}', {"query": "K2"}])
    async def test_uses_are_read(self, fake: FakeLLM, open_hf: OpenHF, arguments: Any) -> None:
        call = {"id": "x", "type": "function", "function": {"name": "retrieval", "arguments": arguments}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
        fake.script.append(Reply(body=orjson.dumps({"choices": [choice], "model": "m"})))
        result = await (await open_hf()).generate(request(tools=(self.SPEC,)))
        assert result.tool_calls == (ToolCall("x", "retrieval", '{"query":"K2"}'),)
        assert (result.text, result.finish_reason) == ("", "tool_calls")

    @pytest.mark.parametrize("calls", [[{}], [7], 7, "retrieval"])
    async def test_hostile_shapes_are_malformed(self, fake: FakeLLM, open_hf: OpenHF, calls: Any) -> None:
        message = {"role": "assistant", "content": "a", "tool_calls": calls}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        fake.script.append(Reply(body=orjson.dumps({"choices": [choice], "model": "m"})))
        assert (await failure_of(await open_hf())).kind is FailureKind.MALFORMED


class TestCompletion:
    async def test_body(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        await (await open_hf("completion", base_url=fake.root)).generate(
            request(messages=TURNS, params=PARAMS, seed=5, repeat=2)
        )
        assert fake.stats.last_body["inputs"] == "Be brief.\n\nHello?"
        parameters = fake.stats.last_body["parameters"]
        assert (parameters["do_sample"], parameters["temperature"]) == (True, 0.5)
        assert (parameters["max_new_tokens"], parameters["top_p"]) == (8, 0.9)
        assert (parameters["stop"], parameters["seed"]) == (["\n"], 7)

    async def test_greedy_does_not_sample(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        await (await open_hf("completion", base_url=fake.root)).generate(request())
        parameters = fake.stats.last_body["parameters"]
        assert parameters["do_sample"] is False
        assert "temperature" not in parameters

    async def test_answer(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        call = request()
        result = await (await open_hf("completion", base_url=fake.root)).generate(call)
        assert result.text == hash_answer(prompt_of(call))
        assert result.usage == Usage(None, 3)
        assert result.finish_reason == "length"


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "body", "kind"),
        [
            (400, b'{"error":{"message":"This model\'s maximum context length is 8192"}}', "context_length"),
            (400, b'{"error":"bad"}', "bad_request"),
            (401, b'{"error":"Invalid credentials in Authorization header"}', "auth"),
            (402, b'{"error":"You have exceeded your monthly included credits"}', "quota"),
            (404, b'{"error":"Model not found"}', "model_not_found"),
            (422, TGI_CONTEXT, "context_length"),
            (422, b'{"error":"`temperature` must be positive","error_type":"validation"}', "bad_request"),
            (429, b'{"error":"Too many requests"}', "rate_limit"),
            (500, b"<html>oops</html>", "server"),
            (503, b'{"error":"Model too busy"}', "unavailable"),
            (504, b"", "server"),
        ],
    )
    async def test_status(self, fake: FakeLLM, open_hf: OpenHF, status: int, body: bytes, kind: str) -> None:
        fake.script.append(Reply(status, body))
        error = await failure_of(await open_hf())
        assert error.kind == FailureKind(kind)
        assert error.message.startswith(f"HTTP {status}: ")
        assert fake.stats.requests == 1

    @pytest.mark.parametrize(
        ("status", "body", "kind"),
        [
            (422, TGI_CONTEXT, "context_length"),
            (429, b'{"error":"Model is overloaded","error_type":"overloaded"}', "rate_limit"),
            (424, b'{"error":"Request failed during generation","error_type":"generation"}', "bad_request"),
            (500, b'{"error":"oops"}', "server"),
        ],
    )
    async def test_status_of_a_completion(
        self, fake: FakeLLM, open_hf: OpenHF, status: int, body: bytes, kind: str
    ) -> None:
        fake.script.append(Reply(status, body))
        error = await failure_of(await open_hf("completion", base_url=fake.root))
        assert error.kind == FailureKind(kind)
        assert error.message.startswith(f"HTTP {status}: ")

    @pytest.mark.parametrize("encoding", ["", "gzip"])
    @pytest.mark.parametrize("status", [200, 500])
    async def test_too_big_when_decoded(
        self, fake: FakeLLM, open_hf: OpenHF, encoding: str, status: int
    ) -> None:
        body, headers = b" " * (17 * 1024 * 1024), Reply.headers
        if encoding:
            body, headers = gzip.compress(body * 12), (*headers, ("content-encoding", encoding))
        fake.script.append(Reply(status, body, headers=headers))
        tracemalloc.start()
        error = await failure_of(await open_hf())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert error.kind is FailureKind.MALFORMED
        assert "over 16 MB" in error.message
        assert peak < 60_000_000

    async def test_compressed_and_small_enough(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        answer = orjson.dumps(
            {"choices": [{"message": {"role": "assistant", "content": "well"}}], "usage": {}}
        )
        fake.script.append(
            Reply(body=gzip.compress(answer), headers=(*Reply.headers, ("content-encoding", "gzip")))
        )
        assert (await (await open_hf()).generate(request())).text == "well"

    async def test_retry_after(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        fake.set(err429_rate=1, retry_after="7")
        assert (await failure_of(await open_hf())).retry_after_s == 7

    async def test_timeout(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        fake.set(hang_rate=1)
        assert (await failure_of(await open_hf(timeout_s=0.2))).kind is FailureKind.TIMEOUT

    async def test_timeout_of_an_answer_that_trickles(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        fake.script.append(Reply(body=b'{"choices":', announced=1000, keep_open=True))
        assert (await failure_of(await open_hf(timeout_s=0.2))).kind is FailureKind.TIMEOUT

    async def test_reset(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        fake.set(reset_rate=1)
        assert (await failure_of(await open_hf())).kind is FailureKind.CONNECTION

    async def test_refused_connection(self, open_hf: OpenHF) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            error = await failure_of(await open_hf(base_url=f"http://127.0.0.1:{probe.getsockname()[1]}/v1"))
        assert error.kind is FailureKind.CONNECTION

    @pytest.mark.parametrize("status", [302, 308])
    async def test_a_redirect_is_not_followed(self, fake: FakeLLM, open_hf: OpenHF, status: int) -> None:
        fake.script.append(Reply(status, b"", (("location", f"{fake.root}/v1/chat/completions"),)))
        error = await failure_of(await open_hf())
        assert error.kind is FailureKind.BAD_REQUEST
        assert fake.stats.requests == 1

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>welcome</html>",
            b'{"choices":[{"message":{"role":"assistant","content":"cut of',
            b"null",
            b"[]",
            b'"text"',
            b"{}",
            b'{"choices":[]}',
            b'{"choices":[{"index":0,"message":null}]}',
            b'{"choices":[{"index":0,"message":{"role":"assistant","content":7}}]}',
        ],
    )
    async def test_malformed(self, fake: FakeLLM, open_hf: OpenHF, body: bytes) -> None:
        fake.script.append(Reply(body=body))
        error = await failure_of(await open_hf())
        assert error.kind is FailureKind.MALFORMED
        assert len(error.message) < 600

    @pytest.mark.parametrize(
        "choice",
        [
            {"index": 0, "message": {"role": "assistant"}, "finish_reason": "content_filter"},
            {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "content_filter"},
        ],
    )
    async def test_blocked(self, fake: FakeLLM, open_hf: OpenHF, choice: dict[str, Any]) -> None:
        fake.script.append(Reply(body=orjson.dumps({"choices": [choice]})))
        assert (await failure_of(await open_hf())).kind is FailureKind.REFUSED


class TestClosing:
    async def test_ends_the_connections(self, fake: FakeLLM, open_hf: OpenHF) -> None:
        engine = await open_hf()
        await engine.generate(request())
        assert len(fake.connections) > 0
        await engine.aclose()
        await fake.until(lambda: not fake.connections)


class TestInferenceProvider:
    @pytest.mark.parametrize(
        ("name", "preset", "model"),
        [
            ("hf/org/model", "auto", "org/model"),
            ("hf/org/model:together", "auto", "org/model:together"),
            ("hf/org/model", "novita", "org/model:novita"),
            ("hf/org/model:together", "novita", "org/model:together"),
        ],
    )
    async def test_is_named_to_the_router(self, name: str, preset: str, model: str) -> None:
        engine = await connector(name, {"HF_TOKEN": "hf_some_token"}, inference_provider=preset).open(5)
        assert isinstance(engine, OpenAICompatibleEngine)
        assert engine.body(request())["model"] == model
        assert str(engine.url) == "https://router.huggingface.co/v1/chat/completions"
        await engine.aclose()

    @pytest.mark.parametrize("path", ["", "/v1"])
    async def test_is_no_part_of_the_model_asked_for_at_one_s_own_address(
        self, fake: FakeLLM, path: str
    ) -> None:
        engine = await connector("hf/org/model:together", {"HF_URL": f"{fake.root}{path}"}).open(5)
        await engine.generate(request())
        assert fake.stats.last_body["model"] == "org/model"
        assert fake.stats.last_path == "/v1/chat/completions"
        await engine.aclose()

    async def test_of_text_generation_is_chosen_behind_a_colon(self) -> None:
        engine = await connector("hf/org/model:together", {"HF_TOKEN": "hf_t"}, "completion").open(5)
        assert isinstance(engine, HFTextGenerationEngine)
        assert (engine._client.provider, engine._model) == ("together", "org/model")
        await engine.aclose()


@pytest.mark.parametrize(("size", "on_loop"), [(1_000, True), (2_000_000, False)])
async def test_where_a_text_is_cleaned(
    fake: FakeLLM, open_hf: OpenHF, monkeypatch: pytest.MonkeyPatch, size: int, on_loop: bool
) -> None:
    threads: list[threading.Thread] = []

    def noting(text: str, limit: int | None) -> str:
        threads.append(threading.current_thread())
        return clean(text, limit)

    monkeypatch.setattr(hf_api, "clean", noting)
    fake.script.append(Reply(body=orjson.dumps([{"generated_text": "a " * (size // 2)}])))
    engine = await open_hf("completion", base_url=fake.root)
    assert (await engine.generate(request())).text.startswith("a a a ")
    assert [thread is threading.main_thread() for thread in threads] == [on_loop]

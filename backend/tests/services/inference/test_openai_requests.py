"""What is sent to an OpenAI-compatible endpoint, and what is read from its answers."""

import asyncio
from typing import Any

import orjson
import pytest

from app.domain.generation import GenerationParams, GenerationResult, Message, Usage
from app.services.inference.usage import read_usage
from tests.fixtures.fake_llm import FakeLLM
from tests.fixtures.fake_llm_behaviour import Reply, hash_answer
from tests.services.inference.conftest import OpenEngine
from tests.services.inference.steps import prompt_of, request, requests

PARAMS = GenerationParams(temperature=0.5, max_tokens=8, top_p=0.9, stop=("\n", "END"))
TURNS = (Message("system", "Be brief."), Message("user", "Hello?"))


def chat(text: Any, **fields: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return orjson.dumps({"choices": [choice], **fields})


class TestBody:
    async def test_chat(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        await open_engine().generate(request(messages=TURNS, params=PARAMS, seed=5, repeat=2))
        assert fake.stats.last_path == "/v1/chat/completions"
        assert fake.stats.last_body == {
            "model": "some-model",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hello?"},
            ],
            "temperature": 0.5,
            "max_tokens": 8,
            "top_p": 0.9,
            "stop": ["\n", "END"],
            "seed": 7,
        }

    async def test_completion(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        await open_engine(api="completion").generate(request(messages=TURNS, params=PARAMS))
        assert fake.stats.last_path == "/v1/completions"
        assert fake.stats.last_body["prompt"] == "Be brief.\n\nHello?"
        assert "messages" not in fake.stats.last_body

    async def test_what_is_not_set_is_not_sent(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        await open_engine().generate(request(params=GenerationParams()))
        assert set(fake.stats.last_body) == {"model", "messages", "temperature", "max_tokens", "seed"}

    @pytest.mark.parametrize(
        ("fields", "present", "absent"),
        [
            ({"max_tokens": "max_completion_tokens"}, {"max_completion_tokens": 8}, "max_tokens"),
            ({"seed": None}, {"max_tokens": 8}, "seed"),
            ({"temperature": "t", "top_p": None}, {"t": 0.5}, "top_p"),
        ],
    )
    async def test_spelling_of_the_provider(
        self,
        fake: FakeLLM,
        open_engine: OpenEngine,
        fields: dict[str, str | None],
        present: dict[str, Any],
        absent: str,
    ) -> None:
        await open_engine(fields=fields).generate(request(params=PARAMS, seed=1))
        body = fake.stats.last_body
        assert {name: body[name] for name in present} == present
        assert absent not in body

    async def test_extra_body_goes_along(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        await open_engine(extra_body={"cache_prompt": False, "min_p": 0.1}).generate(request())
        assert fake.stats.last_body["cache_prompt"] is False
        assert fake.stats.last_body["min_p"] == 0.1

    async def test_extra_body_does_not_override_the_experiment(
        self, fake: FakeLLM, open_engine: OpenEngine
    ) -> None:
        await open_engine(extra_body={"temperature": 2.0}).generate(request(params=PARAMS))
        assert fake.stats.last_body["temperature"] == 0.5

    async def test_key_is_a_bearer_token(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        await open_engine(key="sk-of-the-test").generate(request())
        assert fake.stats.last_headers["authorization"] == "Bearer sk-of-the-test"

    async def test_no_key_no_header(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        await open_engine(key=None).generate(request())
        assert "authorization" not in fake.stats.last_headers

    async def test_text_beyond_ascii_arrives_as_it_is(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        await open_engine().generate(request("Wer schrieb „Faust“? 浮士德 🎭"))
        assert fake.stats.last_body["messages"][0]["content"] == "Wer schrieb „Faust“? 浮士德 🎭"


class TestAnswer:
    async def test_chat(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        call = request()
        result = await open_engine().generate(call)
        assert result.text == hash_answer(prompt_of(call))
        assert (result.finish_reason, result.model) == ("stop", "some-model")
        assert result.system_fingerprint == "fake-1"
        assert (result.attempts, result.cached) == (1, False)

    async def test_completion(self, open_engine: OpenEngine) -> None:
        call = request()
        result = await open_engine(api="completion").generate(call)
        assert result.text == hash_answer(prompt_of(call))

    async def test_usage_as_reported(self, open_engine: OpenEngine) -> None:
        usage = (await open_engine().generate(request("x" * 40))).usage
        assert usage == Usage(prompt_tokens=11, completion_tokens=3)

    async def test_no_usage_reported(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.set(usage=False)
        assert (await open_engine().generate(request())).usage == Usage(None, None)

    async def test_latency_covers_the_wait_for_the_server(
        self, fake: FakeLLM, open_engine: OpenEngine
    ) -> None:
        fake.set(latency_ms=80)
        assert ((await open_engine().generate(request())).latency_s or 0) >= 0.079

    @pytest.mark.parametrize(
        ("sent", "text"),
        [
            (chat("a\0b"), "a\ufffdb"),
            (b'{"choices":[{"message":{"content":"a\\u0000b"}}]}', "a\ufffdb"),
            (b'{"choices":[{"message":{"content":"a\\ud83c"}}]}', "a?"),
            (chat("Zürich, 東京 🗼"), "Zürich, 東京 🗼"),
            (chat(""), ""),
            (chat(None), ""),
        ],
    )
    async def test_text(self, fake: FakeLLM, open_engine: OpenEngine, sent: bytes, text: str) -> None:
        fake.script.append(Reply(body=sent))
        assert (await open_engine().generate(request())).text == text

    async def test_long_answer_is_not_shortened(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(body=chat("x" * 100_000)))
        assert len((await open_engine().generate(request())).text) == 100_000

    async def test_fields_that_are_missing(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(body=b'{"choices":[{"message":{"content":"yes"}}]}'))
        result = await open_engine().generate(request())
        assert (result.text, result.usage) == ("yes", Usage())
        assert (result.finish_reason, result.model, result.system_fingerprint) == (None, None, None)

    async def test_words_that_are_none(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        odd = chat("yes", model=["a"], system_fingerprint={"a": 1}, usage="none")
        fake.script.append(Reply(body=odd.replace(b'"stop"', b"7")))
        result = await open_engine().generate(request())
        assert (result.finish_reason, result.model, result.system_fingerprint) == (None, None, None)
        assert result.usage == Usage()

    async def test_words_can_be_stored(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(body=chat("yes", model="a\0b")))
        assert (await open_engine().generate(request())).model == "a\ufffdb"

    @pytest.mark.parametrize(
        ("charset", "codec"),
        [("iso-8859-1", "latin-1"), ("windows-1252", "cp1252"), ("utf-8", "utf-8"), ("latin1", "utf-8")],
    )
    async def test_declared_charset(
        self, fake: FakeLLM, open_engine: OpenEngine, charset: str, codec: str
    ) -> None:
        body = '{"choices": [{"message": {"content": "café"}}]}'.encode(codec)
        headers = (("content-type", f"application/json; charset={charset}"),)
        fake.script.append(Reply(body=body, headers=headers))
        assert (await open_engine().generate(request())).text == "café"


class TestReadUsage:
    @pytest.mark.parametrize(
        ("reported", "usage"),
        [
            ({"prompt_tokens": 7, "completion_tokens": 0}, Usage(7, 0)),
            ({"prompt_tokens": 7}, Usage(7, None)),
            ({"prompt_tokens": "7", "completion_tokens": 2.5}, Usage(None, None)),
            ({"prompt_tokens": -1, "completion_tokens": None}, Usage(None, None)),
            ({"prompt_tokens": True, "completion_tokens": 1}, Usage(None, 1)),
            ({"prompt_tokens": 2**31, "completion_tokens": 2**31 - 1}, Usage(None, 2**31 - 1)),
            ({}, Usage(None, None)),
            (None, Usage(None, None)),
            ([], Usage(None, None)),
        ],
    )
    def test_counts(self, reported: Any, usage: Usage) -> None:
        assert read_usage(reported) == usage


class TestBatch:
    async def test_answers_keep_their_places(self, open_engine: OpenEngine) -> None:
        calls = requests(50)
        results = await open_engine().generate_batch(calls)
        assert [each.text for each in results if isinstance(each, GenerationResult)] == [
            hash_answer(prompt_of(call)) for call in calls
        ]

    async def test_a_failure_takes_its_place_and_harms_no_other(
        self, fake: FakeLLM, open_engine: OpenEngine
    ) -> None:
        fake.set(err500_rate=0.3, sticky=True)
        calls = requests(30)
        outcomes = await open_engine().generate_batch(calls)
        answers = [each.text if isinstance(each, GenerationResult) else None for each in outcomes]
        assert None in answers
        assert fake.stats.faults["err500"] == answers.count(None)
        for call, answer in zip(calls, answers, strict=True):
            assert answer in {None, hash_answer(prompt_of(call))}


class TestConnections:
    async def test_are_used_again(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        engine = open_engine()
        for call in requests(5):
            await engine.generate(call)
        assert (fake.stats.requests, fake.stats.connections) == (5, 1)

    async def test_no_bound_of_the_client_below_the_limiter(
        self, fake: FakeLLM, open_engine: OpenEngine
    ) -> None:
        fake.set(hang_rate=1)
        batch = asyncio.create_task(open_engine().generate_batch(requests(150)))
        await fake.until(lambda: fake.stats.in_flight == 150)
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch

    async def test_closing_ends_them(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        engine = open_engine()
        await engine.generate(request())
        assert len(fake.connections) == 1
        await engine.aclose()
        await fake.until(lambda: not fake.connections)

    async def test_closing_an_unused_engine(self, open_engine: OpenEngine) -> None:
        await open_engine().aclose()

    async def test_cookies_are_not_kept(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        engine = open_engine()
        headers = (*Reply.headers, ("set-cookie", "session=1; Path=/"))
        fake.script.append(Reply(body=chat("one"), headers=headers))
        await engine.generate(request())
        await engine.generate(request())
        assert "cookie" not in fake.stats.last_headers

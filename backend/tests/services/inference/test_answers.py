"""The forms in which servers answer with the status 200, over real HTTP and by themselves."""

from typing import Any

import orjson
import pytest

from app.domain.generation import GenerationResult, ToolCall, Usage
from app.domain.status import FailureKind
from app.services.inference.answers import read_answer
from app.services.inference.base import EngineError
from tests.fixtures.fake_llm import FakeLLM
from tests.fixtures.fake_llm_behaviour import Reply
from tests.services.inference.conftest import OpenEngine
from tests.services.inference.steps import failure_of, request


def body(content: Any = "yes", **fields: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return orjson.dumps({"choices": [choice], **fields})


def events(*chunks: Any, done: bool = True, between: str = "\n\n") -> bytes:
    lines = [f"data: {orjson.dumps(chunk).decode()}" for chunk in chunks] + ["data: [DONE]"] * done
    return (between.join(lines) + between).encode()


def delta(index: int = 0, finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": fields, "finish_reason": finish_reason}], "model": "m"}


def read(payload: bytes, **headers: str) -> GenerationResult:
    return read_answer(payload, headers, "chat")


def failure(payload: bytes) -> EngineError:
    with pytest.raises(EngineError) as caught:
        read(payload)
    return caught.value


STREAM = events(
    delta(role="assistant", content=""),
    delta(content="Par"),
    delta(content="is"),
    delta(finish_reason="stop"),
    {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}},
)


class TestForms:
    @pytest.mark.parametrize(
        "payload",
        [
            body() + b"\n\ndata: [DONE]\n\n",
            b"\xef\xbb\xbf" + body(),
            b"\n" * 40 + body(),
            b": keep-alive\n\n" * 3 + body(),
            b": processing\r\n\r\n" + body() + b"\r\n\r\ndata: [DONE]\r\n",
            body([{"type": "text", "text": "yes"}]),
            body([{"type": "text", "text": "y"}, {"type": "odd_new_kind"}, {"type": "text", "text": "es"}]),
            body([{"type": "output_text", "text": "yes"}]),
            body({"type": "text", "text": "yes"}),
            body(error=None),
            body(error={}),
            body(error={"code": 0, "message": ""}),
            body("yes").replace(b'"choices":', b'"error":"","choices":'),
            body().decode().encode("utf-16"),
        ],
    )
    def test_are_read(self, payload: bytes) -> None:
        assert read(payload).text == "yes"

    @pytest.mark.parametrize("between", ["\n\n", "\r\n\r\n"])
    @pytest.mark.parametrize("before", ["", ": keep-alive\n\n", "event: message\n"])
    def test_a_stream(self, before: str, between: str) -> None:
        payload = before.encode() + STREAM.replace(b"\n\n", between.encode())
        result = read(payload)
        assert (result.text, result.finish_reason, result.model) == ("Paris", "stop", "m")
        assert result.usage == Usage(7, 2)

    def test_a_stream_of_one_whole_answer(self) -> None:
        assert read(b"data: " + body() + b"\n\ndata: [DONE]\n\n").text == "yes"

    def test_a_stream_without_an_end_mark(self) -> None:
        assert read(events(delta(content="yes", finish_reason="stop"), done=False)).text == "yes"

    def test_line_separators_of_unicode_within_an_event(self) -> None:
        assert (
            read(events(delta(content="a\u2028b\u0085c"), delta(finish_reason="stop"))).text
            == "a\u2028b\u0085c"
        )

    def test_a_stream_of_tool_calls(self) -> None:
        first = {"index": 0, "id": "x", "function": {"name": "retrieval", "arguments": '{"que'}}
        payload = events(
            delta(tool_calls=[first]),
            delta(
                tool_calls=[{"index": 0, "function": {"arguments": 'ry":"K2"}'}}], finish_reason="tool_calls"
            ),
        )
        assert read(payload).tool_calls == (ToolCall("x", "retrieval", '{"query":"K2"}'),)

    def test_a_stream_of_several_choices(self) -> None:
        payload = events(delta(1, content="no"), delta(0, content="yes"), delta(0, "stop"), delta(1, "stop"))
        assert read(payload).text == "yes"

    @pytest.mark.parametrize(
        "payload",
        [
            events(delta(content="Par"), done=False),
            b"data: {\n\n",
            b"data: 7\n\ndata: [DONE]\n\n",
            b"data: [DONE]\n\n",
            b'data: {"choices":[{"index":0,"delta":{"tool_calls":[7]}}]}\n\ndata: [DONE]\n\n',
            b"event: ping\n\n",
            body() + b" and more",
            body() + body(),
        ],
    )
    def test_what_cannot_be_read(self, payload: bytes) -> None:
        error = failure(payload)
        assert (error.kind, error.final) == (FailureKind.MALFORMED, False)

    @pytest.mark.parametrize(("order", "text"), [((1, 0), "zero"), ((0, 1), "zero"), ((2, 1), "first")])
    def test_of_several_choices_that_with_the_index_0(self, order: tuple[int, int], text: str) -> None:
        texts = {0: "zero", 1: "one", 2: "first"}
        choices = [{"index": index, "message": {"content": texts[index]}} for index in order]
        assert read(orjson.dumps({"choices": choices})).text == text

    @pytest.mark.parametrize(
        ("payload", "said"),
        [
            (b'{"id":"x","choices":null}', "choices is null"),
            (b'{"choices":[]}', "choices is an empty list"),
            (b'{"id":"x"}', "there are no choices in it"),
        ],
    )
    def test_no_choices_are_said_plainly(self, payload: bytes, said: str) -> None:
        error = failure(payload)
        assert error.kind is FailureKind.MALFORMED
        assert said in error.message
        assert "Error" not in error.message

    @pytest.mark.parametrize("start", [b"<!DOCTYPE html><html>", b"\n<html lang=en>", b"<!doctype HTML>"])
    def test_a_web_page_is_final(self, start: bytes) -> None:
        error = failure(start + b"<h1>Please sign in</h1>")
        assert (error.kind, error.final) == (FailureKind.MALFORMED, True)
        assert "web page" in error.message
        assert "sign in" in error.message

    def test_ended_by_an_error(self) -> None:
        payload = body("").replace(b'"stop"', b'"error"')
        assert failure(payload).kind is FailureKind.SERVER
        choice = {
            "message": {"content": ""},
            "finish_reason": "error",
            "error": {"code": 502, "message": "gone"},
        }
        assert failure(orjson.dumps({"choices": [choice]})).kind is FailureKind.SERVER

    @pytest.mark.parametrize("reason", ["", None, 7])
    def test_no_finish_reason(self, reason: Any) -> None:
        payload = body().replace(b'"stop"', orjson.dumps(reason))
        assert read(payload).finish_reason is None

    def test_an_error_in_a_stream(self) -> None:
        error = failure(events({"error": {"message": "slow down", "code": 429}}))
        assert error.kind is FailureKind.RATE_LIMIT


class TestOverHttp:
    async def test_an_error_with_status_200(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        headers = (*Reply.headers, ("retry-after", "3"))
        fake.script.append(Reply(body=b'{"error":{"message":"busy","code":429}}', headers=headers))
        error = await failure_of(open_engine())
        assert (error.kind, error.retry_after_s) == (FailureKind.RATE_LIMIT, 3.0)
        assert error.message == "HTTP 200 with an error (429): busy"

    async def test_a_stream(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(body=STREAM, headers=(("content-type", "text/event-stream"),)))
        assert (await open_engine().generate(request())).text == "Paris"

    @pytest.mark.parametrize(
        ("status", "key", "said"),
        [
            (401, "sk", ("ACME_URL", "the key is that of ACME_KEY", "127.0.0.1")),
            (401, None, ("no key is set in ACME_KEY",)),
            (404, "sk", ("ACME_URL", "for the model some-model", "127.0.0.1")),
        ],
    )
    async def test_what_is_wrong_names_key_and_address(
        self, fake: FakeLLM, open_engine: OpenEngine, status: int, key: str | None, said: tuple[str, ...]
    ) -> None:
        fake.script.append(Reply(status, b'{"error":{"message":"no"}}'))
        error = await failure_of(open_engine(key=key, base_url_env="ACME_URL", api_key_env="ACME_KEY"))
        assert all(one in error.message for one in said)

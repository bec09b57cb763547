"""Answers that are streamed to measure the time to their first token: as they would be without a stream."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.stages import StageClock
from app.domain.status import FailureKind
from app.services.inference.engines.streaming import FirstToken
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.retry import RetryingEngine
from tests.services.inference.conftest import OpenEngine
from tests.services.inference.steps import failure_of, request

USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
TEXT = "Zürich — 東京, 🗼 and \u2028 more"


@dataclass
class Streamer:
    """A server that answers with one message, at once or as a stream.

    Attributes:
        message: of the answer; ``text`` alone: of the completions API.
        piece: bytes of a stream that are sent at a time.
        waits: seconds before the stream's role, its first token, and its end.
        breaks: streams that break off in their middle, the first ones.
        refuses: what a call that asks for a stream is told; nothing: it is answered.
        ignores: whether a stream that was asked for is sent as a plain answer.
        usage: with plain answers, and with streams.
        uncounted: numbers of the streams, from 0, that have no usage.
        asked: bodies of the calls.
    """

    message: dict[str, Any]
    piece: int = 10_000
    waits: tuple[float, float, float] = (0.0, 0.0, 0.0)
    breaks: int = 0
    abruptly: bool = False
    refuses: str = ""
    ignores: bool = False
    usage: tuple[Any, Any] = (USAGE, USAGE)
    uncounted: frozenset[int] = frozenset()
    asked: list[dict[str, Any]] = field(default_factory=list)
    base_url: str = ""

    @property
    def streamed(self) -> list[bool]:
        """Which calls asked for a stream."""
        return [body.get("stream", False) for body in self.asked]

    async def answer(self, call: web.Request) -> web.StreamResponse:
        body = orjson.loads(await call.read())
        self.asked.append(body)
        if not body.get("stream") or self.ignores:
            return self._plain()
        if self.refuses:
            answer = {"error": {"message": self.refuses, "type": "invalid_request_error"}}
            return web.json_response(answer, status=400)
        return await self._stream(call, orjson.loads(orjson.dumps(body)))

    def _plain(self) -> web.Response:
        choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
        choice |= self.message if "text" in self.message else {"message": self.message}
        answer = {"model": "m-1", "system_fingerprint": "f", "choices": [choice]}
        return web.json_response({**answer, **({"usage": self.usage[0]} if self.usage[0] else {})})

    async def _stream(self, call: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        number = sum(self.streamed) - 1
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(call)
        counted = body["stream_options"]["include_usage"] and number not in self.uncounted
        parts = [*_deltas(self.message), {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
        parts += [{"choices": [], "usage": self.usage[1]}] if counted and self.usage[1] else []
        texts = ["data: " + orjson.dumps(_HEAD | part).decode() + "\r\n\r\n" for part in parts]
        blocks = [": keep-alive\n\n" + texts[0], texts[1], "".join(texts[2:]) + "data: [DONE]\n\n"]
        if number < self.breaks:
            blocks = blocks[:2]
        for wait_s, block in zip(self.waits, blocks, strict=False):
            await asyncio.sleep(wait_s)
            data = block.encode()
            for start in range(0, len(data), self.piece):
                await response.write(data[start : start + self.piece])
        if number < self.breaks and self.abruptly and call.transport is not None:
            call.transport.abort()
        return response


_HEAD = {"model": "m-1", "system_fingerprint": "f"}


def _deltas(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events of a message: its role, then its texts in halves, and its tool calls in pieces."""
    if "text" in message:
        texts = ["", *_halves(message["text"])]
        return [{"choices": [{"index": 0, "text": text}]} for text in texts]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for name in ("reasoning_content", "content"):
        deltas += [{name: half} for half in _halves(message.get(name) or "")]
    for place, one in enumerate(message.get("tool_calls", [])):
        first, second = _halves(one["function"]["arguments"])
        called = {"name": one["function"]["name"], "arguments": first}
        deltas.append({"tool_calls": [{"index": place, "id": one["id"], "function": called}]})
        deltas.append({"tool_calls": [{"index": place, "function": {"arguments": second}}]})
    return [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]


def _halves(text: str) -> list[str]:
    middle = len(text) // 2
    return [text[:middle], text[middle:]] if text else []


Serve = Callable[..., Any]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers."""
    servers: list[TestServer] = []

    async def start(message: dict[str, Any], **fields: Any) -> Streamer:
        streamer = Streamer(message, **fields)
        app = web.Application()
        app.router.add_post("/{path:.*}", streamer.answer)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        streamer.base_url = str(server.make_url("/v1"))
        return streamer

    yield start
    for server in servers:
        await server.close()


def timed() -> GenerationRequest:
    """Return a request whose time to the first token is measured."""
    return request(clock=StageClock(first_token=True))


def untimed(result: GenerationResult) -> GenerationResult:
    return replace(result, latency_s=0.0, first_token_s=None)


CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": "Zürich 🗼"}'}}
MESSAGES = [
    pytest.param("chat", {"role": "assistant", "content": TEXT}, id="text"),
    pytest.param("chat", {"role": "assistant", "content": f"<think>{TEXT}</think>{TEXT}"}, id="think tags"),
    pytest.param("chat", {"content": TEXT, "reasoning_content": f"so {TEXT}"}, id="thinking"),
    pytest.param("chat", {"content": None, "tool_calls": [CALL, {**CALL, "id": "c2"}]}, id="tools"),
    pytest.param("completion", {"text": TEXT}, id="completion"),
]
USAGES = [
    USAGE,
    {
        **USAGE,
        "completion_tokens_details": {"reasoning_tokens": 3},
        "prompt_tokens_details": {"cached_tokens": 4},
    },
]


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize("usage", USAGES)
@pytest.mark.parametrize(("api", "message"), MESSAGES)
async def test_answers_are_the_same(
    serve: Serve, open_engine: OpenEngine, api: str, message: dict[str, Any], usage: Any, piece: int
) -> None:
    server = await serve(message, piece=piece, usage=(usage, usage))
    engine = open_engine(api=api, base_url=server.base_url)
    plain, streamed = await engine.generate(request()), await engine.generate(timed())
    assert server.streamed == [False, True]
    assert untimed(streamed) == untimed(plain)
    assert plain.first_token_s is None
    assert streamed.first_token_s is not None
    assert streamed.latency_s is not None
    assert 0 < streamed.first_token_s <= streamed.latency_s
    assert streamed.text or streamed.tool_calls


async def test_the_role_is_no_token(serve: Serve, open_engine: OpenEngine) -> None:
    server = await serve({"content": TEXT}, waits=(0.0, 0.06, 0.06))
    result = await open_engine(base_url=server.base_url).generate(timed())
    assert result.first_token_s is not None
    assert result.latency_s is not None
    assert 0.055 <= result.first_token_s <= result.latency_s - 0.055


@pytest.mark.parametrize("abruptly", [False, True])
async def test_a_stream_that_breaks_off_is_no_answer(
    serve: Serve, open_engine: OpenEngine, abruptly: bool
) -> None:
    server = await serve({"content": TEXT}, breaks=1, abruptly=abruptly)
    engine = open_engine(base_url=server.base_url)
    error = await failure_of(engine, timed())
    assert error.kind in {FailureKind.MALFORMED, FailureKind.CONNECTION}
    assert error.kind.retryable
    assert not error.final


@pytest.mark.parametrize("abruptly", [False, True])
async def test_a_stream_that_breaks_off_is_asked_for_again(
    serve: Serve, open_engine: OpenEngine, abruptly: bool
) -> None:
    server = await serve({"content": TEXT}, breaks=2, abruptly=abruptly)
    engine = RetryingEngine(open_engine(base_url=server.base_url), AdaptiveLimiter(1), 4, 60)
    call = timed()
    result = await engine.generate(call)
    assert (result.text, result.attempts, server.streamed) == (TEXT, 3, [True] * 3)
    again = ["slot", "failed_call", "backoff"]
    stages = [stage[0] for stage in call.clock.finish("storing") or []]
    assert stages == [*again, *again, "slot", "first_token", "rest", "storing"]


@pytest.mark.parametrize(
    "said",
    [
        "Unrecognized request argument supplied: stream_options",
        "stream_options: extra fields not permitted",
        "Streaming is not supported for this model.",
    ],
)
async def test_a_server_that_refuses_streams_is_asked_without(
    serve: Serve, open_engine: OpenEngine, said: str
) -> None:
    server = await serve({"content": TEXT}, refuses=said)
    engine = open_engine(base_url=server.base_url)
    results = [await engine.generate(timed()) for _ in range(2)]
    assert [(one.text, one.first_token_s, one.usage.prompt_tokens) for one in results] == [
        (TEXT, None, 9)
    ] * 2
    assert {one.left_out for one in results} == {("stream",)}
    assert server.streamed == [True, False, False]


async def test_another_refusal_is_a_failure(serve: Serve, open_engine: OpenEngine) -> None:
    server = await serve({"content": TEXT}, refuses="The upstream provider found the prompt odd.")
    error = await failure_of(open_engine(base_url=server.base_url), timed())
    assert error.kind is FailureKind.BAD_REQUEST
    assert server.streamed == [True]


async def test_a_plain_answer_in_place_of_a_stream(serve: Serve, open_engine: OpenEngine) -> None:
    server = await serve({"content": TEXT}, ignores=True)
    result = await open_engine(base_url=server.base_url).generate(timed())
    assert (result.text, result.first_token_s, result.usage.prompt_tokens) == (TEXT, None, 9)


@pytest.mark.parametrize(
    ("usage", "uncounted", "streamed"),
    [
        ((USAGE, None), (), [True, False, False]),  # counts are lost with streams: no more of them
        ((None, None), (), [True, False, True]),  # there are none anyway
        ((USAGE, USAGE), (1,), [True, True, False]),  # a stream that ended before its counts
    ],
)
async def test_token_counts_are_not_lost(
    serve: Serve, open_engine: OpenEngine, usage: Any, uncounted: tuple[int, ...], streamed: list[bool]
) -> None:
    server = await serve({"content": TEXT}, usage=usage, uncounted=frozenset(uncounted))
    engine = open_engine(base_url=server.base_url)
    results = [await engine.generate(timed()) for _ in range(2)]
    counts = 9 if usage[0] else None
    assert [(one.text, one.usage.prompt_tokens) for one in results] == [(TEXT, counts)] * 2
    assert server.streamed == streamed


async def test_only_the_first_call_finds_out(serve: Serve, open_engine: OpenEngine) -> None:
    server = await serve({"content": TEXT}, refuses="stream is not supported")
    engine = open_engine(base_url=server.base_url)
    await asyncio.gather(*(engine.generate(timed()) for _ in range(8)))
    assert sum(server.streamed) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"data: 1\n\n",
        b"data: {broken\n\n",
        b'data: {"choices": 3}\n\n',
        b"nothing\n",
        b'data: {"choices":[1]}\n',
    ],
)
def test_what_is_no_token(data: bytes) -> None:
    first = FirstToken()
    first.look(bytearray(data))
    assert first.took_s is None

"""Each way in which a call to an OpenAI-compatible endpoint fails, over real HTTP."""

import asyncio
import gzip
import socket
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest

from app.domain.status import FailureKind
from app.services.inference.failures import clean, failure_from_status
from app.services.inference.stated_waits import retry_after_s
from tests.fixtures.fake_llm import FakeLLM
from tests.fixtures.fake_llm_behaviour import Reply
from tests.services.inference.conftest import OpenEngine
from tests.services.inference.steps import failure_of, mask, request

HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


def openai_error(message: str, code: str | None = None, kind: str = "invalid_request_error") -> bytes:
    return orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


CONTEXT = openai_error(
    "This model's maximum context length is 4097 tokens. However, your messages resulted in 5021 tokens.",
    "context_length_exceeded",
)
LLAMA_CPP_CONTEXT = orjson.dumps(
    {
        "error": {
            "code": 400,
            "message": "the request exceeds the available context size, try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 5021,
            "n_ctx": 2048,
        }
    }
)
QUOTA = openai_error("You exceeded your current quota, please check your plan.", "insufficient_quota")
FILTER = openai_error("The response was filtered due to the prompt.", "content_filter")
SLOW_DOWN = openai_error("Rate limit reached for requests", "rate_limit_exceeded", "requests")


def bomb(encoding: str, megabytes: int) -> bytes:
    """Return a small body that decodes to very many spaces."""
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    parts = [packer.compress(b" " * 1_000_000) for _ in range(megabytes)]
    return b"".join([*parts, packer.flush()])


class TestStatus:
    @pytest.mark.parametrize(
        ("status", "body", "kind"),
        [
            (400, CONTEXT, FailureKind.CONTEXT_LENGTH),
            (400, LLAMA_CPP_CONTEXT, FailureKind.CONTEXT_LENGTH),
            (500, LLAMA_CPP_CONTEXT, FailureKind.CONTEXT_LENGTH),
            (413, b"", FailureKind.CONTEXT_LENGTH),
            (422, openai_error("prompt is too long: 9000 tokens > 8192"), FailureKind.CONTEXT_LENGTH),
            (400, FILTER, FailureKind.REFUSED),
            (400, openai_error("blocked by our content management policy"), FailureKind.REFUSED),
            (400, openai_error("unknown parameter: 'seed'"), FailureKind.UNSUPPORTED),
            (422, orjson.dumps({"detail": [{"msg": "field required"}]}), FailureKind.BAD_REQUEST),
            (401, openai_error("Incorrect API key provided"), FailureKind.AUTH),
            (403, openai_error("Your country is not supported"), FailureKind.AUTH),
            (402, openai_error("Payment required"), FailureKind.QUOTA),
            (429, QUOTA, FailureKind.QUOTA),
            (429, SLOW_DOWN, FailureKind.RATE_LIMIT),
            (429, b"", FailureKind.RATE_LIMIT),
            (
                404,
                openai_error("The model `x` does not exist", "model_not_found"),
                FailureKind.MODEL_NOT_FOUND,
            ),
            (408, b"", FailureKind.TIMEOUT),
            (409, b"", FailureKind.SERVER),
            (425, b"", FailureKind.SERVER),
            (500, openai_error("The server had an error"), FailureKind.SERVER),
            (502, HTML, FailureKind.SERVER),
            (503, b"overloaded", FailureKind.UNAVAILABLE),
            (503, HTML, FailureKind.SERVER),
            (529, b"", FailureKind.UNAVAILABLE),
            (418, b"I am a teapot", FailureKind.BAD_REQUEST),
        ],
    )
    async def test_kind(
        self, fake: FakeLLM, open_engine: OpenEngine, status: int, body: bytes, kind: FailureKind
    ) -> None:
        fake.script.append(Reply(status, body))
        error = await failure_of(open_engine())
        assert error.kind is kind
        assert error.message.startswith(f"HTTP {status}: ")

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (CONTEXT, "maximum context length is 4097 tokens"),
            (HTML, "502 Bad Gateway"),
            (b"", "no message"),
            (b'"plain"', "plain"),
            (b'{"error": "a sentence"}', "a sentence"),
            (b'{"detail": "not allowed"}', "not allowed"),
            (b'{"message": "top level"}', "top level"),
            (b"[1, 2]", "[1, 2]"),
            (b"null", "no message"),
            (b"\xff\xfe not UTF-8", "not UTF-8"),
            (openai_error("a\0b"), "a\ufffdb"),
        ],
    )
    async def test_the_server_s_words_are_kept(
        self, fake: FakeLLM, open_engine: OpenEngine, body: bytes, said: str
    ) -> None:
        fake.script.append(Reply(500, body))
        assert said in (await failure_of(open_engine())).message

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    async def test_a_redirect_is_not_followed(
        self, fake: FakeLLM, open_engine: OpenEngine, status: int
    ) -> None:
        fake.script.append(Reply(status, b"", (("location", f"{fake.root}/v1/chat/completions"),)))
        error = await failure_of(open_engine(key="sk-secret"))
        assert error.kind is FailureKind.BAD_REQUEST
        assert error.message.startswith(f"HTTP {status}: redirect to {fake.root}/v1/chat/completions,")
        assert fake.stats.requests == 1

    async def test_a_long_error_page_is_cut(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(500, b"x" * 100_000))
        assert len((await failure_of(open_engine())).message) < 600

    async def test_an_echoed_key_is_masked(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        mask("sk-secret")
        fake.script.append(Reply(401, openai_error("Incorrect API key provided: sk-secret.")))
        engine = open_engine(key="sk-secret")
        error = await failure_of(engine)
        assert "sk-secret" not in error.message
        assert "[redacted]" in error.message
        fake.set(echo_auth=True)
        assert (await engine.generate(request())).text == "Bearer [redacted]"

    @pytest.mark.parametrize(("status", "before"), [(500, 480), (500, 495), (200, 180), (200, 195)])
    async def test_a_key_that_the_cut_would_split_is_masked(
        self, fake: FakeLLM, open_engine: OpenEngine, status: int, before: int
    ) -> None:
        mask("sk-planted-5ecret-of-the-provider")
        fake.script.append(Reply(status, b"x" * before + b"sk-planted-5ecret-of-the-provider and more"))
        assert "sk-" not in (await failure_of(open_engine())).message


class TestRetryAfter:
    @pytest.mark.parametrize(("value", "wish"), [("7", 7.0), ("0.25", 0.25), ("0", 0.0), ("-3", 0.0)])
    async def test_seconds(self, fake: FakeLLM, open_engine: OpenEngine, value: str, wish: float) -> None:
        fake.set(err429_rate=1, retry_after=value)
        assert (await failure_of(open_engine())).retry_after_s == wish

    async def test_date(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        moment = datetime.now(UTC) + timedelta(seconds=90)
        fake.set(err429_rate=1, retry_after=format_datetime(moment, usegmt=True))
        wish = (await failure_of(open_engine())).retry_after_s
        assert wish is not None
        assert 30 < wish <= 90

    @pytest.mark.parametrize("value", ["", "soon", "Fri, 99 Foo", "nan"])
    async def test_none_that_can_be_read(self, fake: FakeLLM, open_engine: OpenEngine, value: str) -> None:
        fake.set(err429_rate=1, retry_after=value)
        assert (await failure_of(open_engine())).retry_after_s in {None, 0.0}

    @pytest.mark.parametrize(
        ("value", "wish"),
        [
            ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
            ("Fri, 31 Dec 1999 23:59:59", 0.0),
            ("1e400", None),
            ("inf", None),
            ("Fri, 31 Dec 2100 23:59:59 +9999999999999", None),
            ("Fri, 31 Dec 2100 23:59:59 -9999", None),
            ("Fri, 31 Dec 999999999999999999999 23:59:59 GMT", None),
        ],
    )
    def test_values_far_off(self, value: str, wish: float | None) -> None:
        assert retry_after_s({"retry-after": value}) == wish

    @pytest.mark.parametrize(
        ("status", "wish"), [(429, 5.0), (503, 5.0), (500, 5.0), (400, None), (401, None), (408, None)]
    )
    def test_only_where_it_means_a_wait(self, status: int, wish: float | None) -> None:
        assert failure_from_status(status, b"", {"retry-after": "5"}).retry_after_s == wish

    def test_a_used_up_quota_is_not_waited_for(self) -> None:
        error = failure_from_status(429, QUOTA, {"retry-after": "5"})
        assert (error.kind, error.retry_after_s) == (FailureKind.QUOTA, None)


class TestConnection:
    async def test_refused(self, open_engine: OpenEngine) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
            error = await failure_of(open_engine(base_url=url))  # bound, and nobody listens
        assert error.kind is FailureKind.CONNECTION
        assert url in error.message

    async def test_reset(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.set(reset_rate=1)
        assert (await failure_of(open_engine())).kind is FailureKind.CONNECTION

    async def test_timeout(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.set(hang_rate=1)
        error = await failure_of(open_engine(timeout_s=0.2))
        assert error.kind is FailureKind.TIMEOUT
        assert error.message == f"No answer from {fake.base_url} within 0.2 s."

    async def test_timeout_in_the_middle_of_an_answer(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(body=b'{"choices":', announced=1000, keep_open=True))
        assert (await failure_of(open_engine(timeout_s=0.2))).kind is FailureKind.TIMEOUT

    async def test_answer_that_breaks_off(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(body=b'{"choices":', announced=1000))
        assert (await failure_of(open_engine())).kind is FailureKind.MALFORMED

    async def test_no_http_at_all(self, open_engine: OpenEngine) -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"220 mail.example ESMTP\r\n")
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            error = await failure_of(open_engine(base_url=f"http://127.0.0.1:{port}/v1"))
        assert error.kind is FailureKind.CONNECTION

    async def test_a_cancelled_call_leaves_nothing_in_flight(
        self, fake: FakeLLM, open_engine: OpenEngine
    ) -> None:
        fake.set(hang_rate=1)
        call = asyncio.create_task(open_engine().generate(request()))
        await fake.until(lambda: fake.stats.in_flight == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await fake.until(lambda: fake.stats.in_flight == 0)


class TestMalformed:
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
            b'{"choices":{}}',
            b'{"choices":[null]}',
            b'{"choices":[{"text":"of the other API"}]}',
            b'{"choices":[{"message":null}]}',
            b'{"choices":[{"message":{}}]}',
            b'{"choices":[{"message":{"content":7}}]}',
            b'{"choices":[{"message":{"content":["part"]}}]}',
            b'{"choices":[{"message":{"content":"\xff"}}]}',
            b"[" * 100_000,
        ],
    )
    async def test_answer(self, fake: FakeLLM, open_engine: OpenEngine, body: bytes) -> None:
        fake.script.append(Reply(body=body))
        error = await failure_of(open_engine())
        assert error.kind is FailureKind.MALFORMED
        assert len(error.message) < 600

    async def test_the_message_shows_what_came(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(body=b"<html>please log in</html>"))
        assert "please log in" in (await failure_of(open_engine())).message

    async def test_announced_as_too_big(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(body=b"x" * (17 * 1024 * 1024)))
        error = await failure_of(open_engine())
        assert error.kind is FailureKind.MALFORMED
        assert "over 16 MB" in error.message

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    @pytest.mark.parametrize("status", [200, 500])
    async def test_small_but_too_big_when_decoded(
        self, fake: FakeLLM, open_engine: OpenEngine, encoding: str, status: int
    ) -> None:
        body = bomb(encoding, 200)
        assert len(body) < 1_000_000
        fake.script.append(Reply(status, body, headers=(*Reply.headers, ("content-encoding", encoding))))
        tracemalloc.start()
        error = await failure_of(open_engine())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert error.kind is FailureKind.MALFORMED
        assert "over 16 MB" in error.message
        assert peak < 60_000_000

    async def test_compressed_and_small_enough(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        answer = orjson.dumps({"choices": [{"message": {"content": "well " * 100_000}}]})
        headers = (*Reply.headers, ("content-encoding", "gzip"))
        fake.script.append(Reply(body=gzip.compress(answer), headers=headers))
        assert (await open_engine().generate(request())).text == "well " * 100_000

    async def test_endless(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        headers = (*Reply.headers, ("connection", "close"))
        fake.script.append(Reply(body=b"x" * (17 * 1024 * 1024), headers=headers, announced=-1))
        error = await failure_of(open_engine())
        assert error.kind is FailureKind.MALFORMED
        assert "over 16 MB" in error.message

    async def test_the_next_call_is_well(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.set(malformed_rate=1, fault_tries=1)
        engine = open_engine()
        assert (await failure_of(engine)).kind is FailureKind.MALFORMED
        assert (await engine.generate(request())).text


class TestRefused:
    @pytest.mark.parametrize(
        ("choice", "said"),
        [
            ({"message": {"content": None}, "finish_reason": "content_filter"}, "content filter"),
            ({"message": {"content": "half an"}, "finish_reason": "content_filter"}, "content filter"),
            ({"message": {"content": None, "refusal": "I cannot help with that."}}, "I cannot help"),
        ],
    )
    async def test_blocked_answer(
        self, fake: FakeLLM, open_engine: OpenEngine, choice: dict[str, Any], said: str
    ) -> None:
        fake.script.append(Reply(body=orjson.dumps({"choices": [choice]})))
        error = await failure_of(open_engine())
        assert error.kind is FailureKind.REFUSED
        assert said in error.message

    async def test_no_refusal_is_none(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        body = {"choices": [{"message": {"content": "yes", "refusal": None}, "finish_reason": "stop"}]}
        fake.script.append(Reply(body=orjson.dumps(body)))
        assert (await open_engine().generate(request())).text == "yes"


class TestClean:
    @pytest.mark.parametrize(
        ("text", "limit", "cleaned"),
        [
            ("plain", 500, "plain"),
            ("x" * 10, 4, "xxxx …"),
            ("x" * 10, None, "x" * 10),
            ("a\0b", None, "a\ufffdb"),
            ("a\ud800b", None, "a?b"),
            ("Zürich 東京", None, "Zürich 東京"),
            ("\x1b[2J\n\u202e", 500, "␛[2J\n<U+202E>"),
            ("\x1b[2J\n\u202e", None, "\x1b[2J\n\u202e"),
        ],
    )
    def test_text(self, text: str, limit: int | None, cleaned: str) -> None:
        assert clean(text, limit) == cleaned

    def test_a_secret_is_masked_before_it_could_be_cut(self) -> None:
        mask("secret-key")
        assert "secret" not in clean("my secret-key", 9)

"""Tests of the client of batch APIs: what it makes of a provider that says odd things."""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.domain.status import FailureKind
from app.services.inference import batch_api
from app.services.inference.base import EngineError
from app.services.inference.batch_api import BatchApi
from app.services.inference.batch_lines import read_line, read_response, request_line
from app.services.inference.catalog import ModelSpec, ProviderSpec
from tests.fixtures.fake_batch import FakeBatch

PROVIDER = ProviderSpec(engine="openai", batch_api="openai")
MODEL = ModelSpec(name="acme/large")


def client(base_url: str) -> BatchApi:
    return BatchApi(PROVIDER, MODEL, base_url, "sk-acme", proxied=False)


@asynccontextmanager
async def answering(answer: Callable[[], web.Response]) -> AsyncIterator[BatchApi]:
    """Give a client of a provider that answers everything so."""

    async def handle(_: web.Request) -> web.Response:
        return answer()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(app) as server, client(str(server.make_url("/v1"))) as api:
        yield api


async def test_a_file_is_found_on_any_page_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_api, "_PAGE", 2)
    async with FakeBatch() as server, client(server.base_url) as api:
        ids = [await api.upload(f"llmforge-{number}.jsonl", io.BytesIO(b"{}\n")) for number in range(5)]
        assert await api.find_file("llmforge-0.jsonl") == ids[0]
        assert await api.find_file("llmforge-9.jsonl") is None
        assert server.asked["list_files"] == 6


@pytest.mark.parametrize("odd", ["../models", "a/b", "", 7, None, "x" * 300, "a?b", "..", "a\nb"])
async def test_ids_that_would_change_an_address_are_refused(odd: Any) -> None:
    async with answering(lambda: web.json_response({"id": odd, "status": "in_progress"})) as api:
        with pytest.raises(EngineError) as caught:
            await api.look("batch_1")
    assert caught.value.kind is FailureKind.MALFORMED


@pytest.mark.parametrize(
    "payload", [b"<html>", b"[]", b"7", b'{"id": "b"}', b'{"id": "b", "status": 3}', b"", b"\xff"]
)
async def test_what_is_no_job_is_refused(payload: bytes) -> None:
    async with answering(lambda: web.Response(body=payload)) as api:
        with pytest.raises(EngineError) as caught:
            await api.look("batch_1")
    assert caught.value.kind is FailureKind.MALFORMED


async def test_odd_parts_of_a_job_are_left_out() -> None:
    job = {
        "id": "b",
        "status": "COMPLETED",
        "request_counts": {"total": -1, "completed": "many", "failed": True},
        "output_file_id": "../../secrets",
        "error_file_id": "file-1",
        "errors": {"data": [7, {"code": None, "message": None, "line": "3"}, {"line": 4, "message": "a\0b"}]},
    }
    async with answering(lambda: web.json_response(job)) as api:
        found = await api.look("b")
    assert (found.status, found.ended, found.lines, found.done, found.failed) == ("completed", True, 0, 0, 0)
    assert (found.output_file_id, found.error_file_id) == (None, "file-1")
    assert [one.line for one in found.problems] == [None, 4]
    assert "\0" not in found.problems[1].message


async def test_lines_that_never_end_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_api, "_MAX_LINE_BYTES", 1_000)
    async with answering(lambda: web.Response(body=b"a\n" + b"x" * 100_000)) as api:
        lines = aiter(api.lines("file-1"))
        assert await anext(lines) == b"a"
        with pytest.raises(EngineError, match="not read further"):
            await anext(lines)


async def test_a_redirect_is_not_followed() -> None:
    moved = {"location": "https://elsewhere.example/v1/batches/b"}
    async with answering(lambda: web.Response(status=307, headers=moved)) as api:
        with pytest.raises(EngineError, match="not followed"):
            await api.look("b")


def test_a_request_is_a_line() -> None:
    line = request_line("abc", "/v1/chat/completions", '{"model":"m","messages":[]}')
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert orjson.loads(line) == {
        "custom_id": "abc",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "m", "messages": []},
    }


def line(**fields: Any) -> bytes:
    return orjson.dumps({"custom_id": "k", "response": None, "error": None, **fields})


def response(status: Any = 200, body: Any = None) -> dict[str, Any]:
    return {"status_code": status, "body": body}


OK = {"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}], "model": "m"}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"response": response(400, {"error": {"message": "no"}})}, FailureKind.BAD_REQUEST),
        ({"response": response(429, {"error": {"message": "slow down"}})}, FailureKind.RATE_LIMIT),
        ({"response": response(500, None)}, FailureKind.SERVER),
        ({"response": response(401, {"error": "who?"})}, FailureKind.AUTH),
        ({"response": response("200", OK)}, FailureKind.SERVER),
        ({"response": response(200, {})}, FailureKind.MALFORMED),
        ({"response": response(200, "text")}, FailureKind.MALFORMED),
        (
            {"response": response(200, {"error": {"message": "rate limit", "code": 429}})},
            FailureKind.RATE_LIMIT,
        ),
        ({"error": {"code": "batch_expired", "message": "too late"}}, FailureKind.TIMEOUT),
        ({"error": {"code": "batch_cancelled"}}, FailureKind.TIMEOUT),
        ({"error": {"code": "server_error", "message": "oops"}}, FailureKind.SERVER),
        ({"response": "odd"}, FailureKind.TIMEOUT),
        ({}, FailureKind.TIMEOUT),
    ],
)
def test_failures_have_the_kinds_of_direct_calls(said: dict[str, Any], kind: FailureKind) -> None:
    found = read_line(line(**said), "chat")
    assert found is not None
    assert (found.key, found.response, found.failure_kind) == ("k", None, kind)


@pytest.mark.parametrize("odd", [b"", b"{", b"[]", b'"k"', b"{}", b'{"custom_id": 7}', b"\xff\xfe"])
def test_lines_about_no_request_are_left_out(odd: bytes) -> None:
    assert read_line(odd, "chat") is None


def test_an_answer_is_kept_as_it_came() -> None:
    body = {**OK, "choices": [{"message": {"content": "a\0b “c” 😀"}, "finish_reason": "stop"}]}
    found = read_line(line(response=response(200, body)), "chat")
    assert found is not None
    assert found.response is not None
    assert "\0" not in found.response
    result = read_response(found.response, "chat")
    assert (result.text, result.latency_s) == ("a�b “c” 😀", None)

"""Limits of what one client can ask for: errors, words, time, streams."""

import asyncio
from contextlib import suppress
from typing import Any

import httpx
import pytest

from app.api import security
from app.services.experiments.events import ExperimentWatcher
from tests.api.conftest import EXPERIMENTS, Steps, body, cached_app, problem


class TestErrors:
    async def test_only_the_first_are_named(self, steps: Steps) -> None:
        many = {f"unknown_{number}": number for number in range(5000)}
        response = await steps.api.post(EXPERIMENTS, json=body(**many))
        error = problem(response, 422)
        assert len(error["errors"]) == 20
        assert "5000 fields" in error["message"]
        assert "first 20" in error["hint"]
        assert len(response.content) < 10_000

    async def test_long_names_are_cut(self, steps: Steps) -> None:
        response = await steps.api.post(EXPERIMENTS, json=body(**{"x" * 100_000: 1}))
        assert problem(response, 422)["errors"]
        assert len(response.content) < 2000


class TestFilter:
    async def test_words(self, steps: Steps) -> None:
        assert (await steps.api.get(EXPERIMENTS, params={"text": "a " * 20})).status_code == 200
        error = problem(await steps.api.get(EXPERIMENTS, params={"text": "a " * 99}), 422)
        assert [(one["field"], one["message"]) for one in error["errors"]] == [
            ("text", "holds more than 20 words")
        ]


class TestSlowBody:
    async def test_is_cut_off(self, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(security, "_BODY_S", 0.5)
        url = steps.api.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(
            b"POST /api/v1/experiments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 500000\r\n\r\n"
        )

        async def drip() -> None:
            while True:
                writer.write(b" ")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(20):
            answer = b""
            with suppress(ConnectionResetError):  # by a byte that was sent after the end
                while block := await reader.read(65_536):
                    answer += block
        dripping.cancel()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"has not arrived within 0.5 s" in answer

    async def test_a_stream_may_last_longer(self, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(security, "_BODY_S", 0.2)
        created = await steps.api.post(EXPERIMENTS, json=body())
        path = f"{EXPERIMENTS}/{created.json()['id']}"
        lines: list[str] = []
        async with steps.api.stream("GET", f"{path}/events") as response:
            async for line in response.aiter_lines():
                lines.append(line)
                if len(lines) == 2:
                    await asyncio.sleep(0.6)
                    await steps.api.post(f"{path}/cancel")
        assert any("CANCELLED" in line for line in lines)


class TestStreams:
    async def test_there_is_a_most_and_the_rest_works(self, steps: Steps) -> None:
        created = await steps.api.post(EXPERIMENTS, json=body())
        path = f"{EXPERIMENTS}/{created.json()['id']}"
        watcher: ExperimentWatcher = cached_app(steps.runtime.settings).state.watcher
        watcher._most = 5
        limits = httpx.Limits(max_connections=50)
        async with httpx.AsyncClient(base_url=steps.api.base_url, limits=limits, timeout=30) as client:

            async def stream() -> tuple[int, Any]:
                async with client.stream("GET", f"{path}/events") as response:
                    if response.status_code != 200:
                        return response.status_code, await response.aread()
                    lines = [line async for line in response.aiter_lines()]
                    return 200, lines

            streams = [asyncio.create_task(stream()) for _ in range(12)]
            while sum(one.done() for one in streams) < 7:
                await asyncio.sleep(0.02)
            assert (await client.get("/health")).status_code == 200
            await client.post(f"{path}/cancel")
            found = await asyncio.gather(*streams)
            assert sorted(status for status, _ in found) == [200] * 5 + [503] * 7
            said = next(said for status, said in found if status == 503)
            assert b"5 event streams are open" in said
        # The server gives a place back when it has closed the stream, after the client has read its end.
        async with asyncio.timeout(10):
            while watcher._open:
                await asyncio.sleep(0.02)
        watcher._most = 200

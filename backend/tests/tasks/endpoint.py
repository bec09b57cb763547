"""A model endpoint inside the test's own process: it counts, and waits where the test wants it to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiohttp import web


class Endpoint:
    """An OpenAI-compatible endpoint that answers ``free`` calls, and the others once it is opened.

    It knows the answers of the dataset that ``tests.factories.questions_jsonl`` makes, and gives a
    wrong one to every third question.
    """

    def __init__(self) -> None:
        self.free = 0
        self.opened = asyncio.Event()
        self.asked: Counter[str] = Counter()
        self.answered: set[str] = set()
        self.waiting = 0
        self.url = ""

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        question = str(body["messages"][-1]["content"]).partition("Question: ")[2].partition("\n")[0]
        self.asked[question] += 1
        self.free -= 1
        if self.free < 0:
            self.waiting += 1
            try:
                await self.opened.wait()
            finally:
                self.waiting -= 1
        self.answered.add(question)
        number = int(question.split()[3])
        text = "a wrong thing" if number % 3 == 0 else f"thing {number}"
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}
        return web.json_response({"model": "fake", "choices": [choice], "usage": usage})

    async def serve(self) -> web.AppRunner:
        """Start to serve on a free port of loopback."""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._answer)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        return runner


@pytest.fixture
async def endpoint(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endpoint]:
    """An endpoint behind ``openai/*``, for this process and its children."""
    made = Endpoint()
    runner = await made.serve()
    monkeypatch.setenv("OPENAI_BASE_URL", made.url)
    monkeypatch.setenv("OPENAI_API_KEY", "a key of this test")
    yield made
    made.opened.set()
    await runner.cleanup()

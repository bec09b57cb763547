"""A model endpoint inside the test's own process: it counts, and waits where the test wants it to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiohttp import web


class Endpoint:
    """An OpenAI-compatible endpoint that answers ``free`` calls, and the others once it is opened.

    It knows the answers of the dataset that ``tests.factories.questions_jsonl`` makes, and gives a
    wrong one to every third question. As an agent's model it takes its ``turns`` first, and then
    answers right, with ``ending`` before the answer.
    """

    def __init__(self) -> None:
        self.free = 0
        self.opened = asyncio.Event()
        self.asked: Counter[str] = Counter()
        self.answered: set[str] = set()
        self.waiting = 0
        self.turns: list[str] = []
        self.ending = ""
        self.url = ""

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        asked = [str(message["content"]) for message in body["messages"] if message["role"] == "user"]
        question = asked[0].partition("Question: ")[2].partition("\n")[0]
        turn = sum(message["role"] == "assistant" for message in body["messages"])
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
        text = self.turns[turn] if turn < len(self.turns) else f"{self.ending}thing {number}"
        text = "a wrong thing" if not self.turns and number % 3 == 0 else text
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

"""Fixtures of the tests of worker processes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fixtures.fake_llm import FakeLLM


def quiz_number(body: Any) -> int:
    """Return which question of ``tests.factories.questions_jsonl`` a call asks."""
    asked = next(str(message["content"]) for message in body["messages"] if message["role"] == "user")
    return int(asked.partition("Question: ")[2].split()[3])


def quiz_answer(body: Any) -> str:
    """Answer a question of the quiz; every third one wrongly."""
    number = quiz_number(body)
    return "a wrong thing" if number % 3 == 0 else f"thing {number}"


@pytest.fixture
async def endpoint(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeLLM]:
    """A fake server behind ``openai/*``, for this process and its children."""
    async with FakeLLM(answers=quiz_answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "a key of this test")
        yield server

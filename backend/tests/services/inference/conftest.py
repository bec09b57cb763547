"""Fixtures of the engines' tests."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from app.services.inference.base import Engine
from app.services.inference.catalog import ModelSpec, ProviderSpec
from app.services.inference.engines.openai_compatible import OpenAICompatibleEngine
from tests.fixtures.fake_llm import FakeLLM

OpenEngine = Callable[..., OpenAICompatibleEngine]


@pytest.fixture
async def fake() -> AsyncIterator[FakeLLM]:
    """A fake model server that answers at once; a test may give it other settings."""
    async with FakeLLM() as server:
        yield server


@pytest.fixture
async def closing() -> AsyncIterator[Callable[[Any], Any]]:
    """Closes the engines that it is called with when the test is over."""
    engines: list[Engine] = []

    def keep(engine: Any) -> Any:
        engines.append(engine)
        return engine

    yield keep
    for engine in engines:
        await engine.aclose()


@pytest.fixture
def open_engine(fake: FakeLLM, closing: Callable[[Any], Any]) -> OpenEngine:
    """Opens an engine on the fake server: provider fields by name, and ``api``, ``key``, ``base_url``."""

    def open_(
        *,
        api: Any = "chat",
        key: str | None = None,
        base_url: str | None = None,
        timeout_s: float = 600,
        **provider: Any,
    ) -> OpenAICompatibleEngine:
        spec = ModelSpec(name="openai/some-model", api=api)
        url = fake.base_url if base_url is None else base_url
        engine = OpenAICompatibleEngine(ProviderSpec(engine="openai", **provider), spec, url, key, timeout_s)
        kept: OpenAICompatibleEngine = closing(engine)
        return kept

    return open_

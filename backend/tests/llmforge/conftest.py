"""Fixtures of the Python client's tests: a lab on the real API, which is used from a thread."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from app.core.config import Settings, get_settings
from llmforge import Lab
from tests.support import PATIENCE_S

T = TypeVar("T")
InLab = Callable[[Callable[[Lab], T]], Awaitable[T]]

CONFIG = {"name": "from Python", "model": "mock/gold", "dataset": {"name": "quiz", "n": 10}, "seed": 3}
COMPARISON = {
    "name": "Two models",
    "base": {"dataset": {"name": "quiz"}, "seed": 3},
    "variants": [{"name": "half", "model": "mock/gold?accuracy=0.3"}, {"name": "all", "model": "mock/gold"}],
}


@pytest.fixture
def settings(settings: Settings, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As for all tests, without the project's own datasets, which take a while to read."""
    monkeypatch.setenv("LLMFORGE_DATASETS_DIR", str(state_dir / "no datasets"))
    monkeypatch.setenv("LLMFORGE_KNOWLEDGE_DIR", str(state_dir / "no knowledge"))
    get_settings.cache_clear()
    return get_settings()


@pytest.fixture
def in_lab(api_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Lab], T]], Awaitable[T]]:
    """Calls a function with a lab, in a thread: the API lives in this one's event loop."""
    monkeypatch.setenv("LLMFORGE_API_URL", api_url)

    async def call(steps: Callable[[Lab], T]) -> T:
        def use() -> T:
            with Lab() as lab:
                return steps(lab)

        return await asyncio.wait_for(asyncio.to_thread(use), PATIENCE_S)

    return call

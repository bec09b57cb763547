"""Fixtures of the tests of worker processes."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.core.processes import ManagedProcess
from app.services.execution.recovery import look_after_lost
from app.services.runtime import Runtime
from tests.fixtures.fake_llm import FakeLLM

Start = Callable[[], ManagedProcess]


def kill_tree(worker: ManagedProcess) -> None:
    """End the worker and the child that runs the experiment, with no chance to say anything."""
    assert worker.process is not None
    try:
        family = [psutil.Process(worker.process.pid)]
        family += family[0].children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    worker.process.wait()


@pytest.fixture
def start_worker(runtime: Runtime, tmp_path: Path) -> Iterator[Start]:
    """Starts worker processes with the settings of the environment; they end with the test."""
    started: list[ManagedProcess] = []

    def start() -> ManagedProcess:
        log = tmp_path / f"worker-{len(started)}.log"
        worker = ManagedProcess("worker", [sys.executable, "-m", "app.tasks.worker"], log)
        worker.start()
        started.append(worker)
        return worker

    yield start
    for worker in started:
        kill_tree(worker)


@pytest.fixture
async def caretaker(runtime: Runtime) -> AsyncIterator[None]:
    """What the API does for experiments that nobody works on."""
    task = asyncio.create_task(look_after_lost(runtime, every_s=0.2))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


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

"""A worker that is killed while agents are in the middle of their traces."""

import uuid
from typing import Any

from app.models import Run
from app.services.execution.executor import Executor
from app.services.runtime import Runtime
from tests.fixtures.fake_llm import FakeLLM
from tests.support import create, metrics_of, pairs, runs_of, until
from tests.tasks.conftest import Start, kill_tree, quiz_number
from tests.tasks.test_worker import (
    CONCURRENCY,
    SIZE,
    completed,
    quiz,
)

__all__ = ["quiz"]  # a fixture

TURNS = [
    "Thought: first\nAction: calculator[6 * 7]",
    "Thought: 42, now the second\nAction: calculator[42 / 0]",
    "no action at all",
]
CALLS = 4  # of a run: three turns and the answer, of which the third is a repair


def turn(body: Any) -> str:
    """Return what the model says next: one of ``TURNS``, and then the right answer."""
    had = sum(message["role"] == "assistant" for message in body["messages"])
    return TURNS[had] if had < len(TURNS) else f"Thought: done\nAction: finish[thing {quiz_number(body)}"


async def start_agents(runtime: Runtime) -> uuid.UUID:
    method = {"name": "react", "tools": ["calculator"], "shots": 0}
    return await create(
        runtime, model="openai/fake", concurrency=CONCURRENCY, method=method, max_failed_share=0
    )


def told(rows: list[Run]) -> list[Any]:
    """Return what does not depend on when it ran: all but durations."""
    found = []
    for row in rows:
        assert row.trace is not None
        steps = [
            (
                step["thought"],
                step["answer"],
                step["repaired"],
                step["calls"],
                step["use"] and step["use"]["kind"],
            )
            for step in row.trace["steps"]
        ]
        found.append((row.example_id, row.answer, row.output, row.trace["summary"], steps))
    return found


class TestKilledInTheMiddle:
    async def test_resumes_and_loses_no_stored_run(
        self, runtime: Runtime, quiz: None, endpoint: FakeLLM, start_worker: Start, caretaker: None
    ) -> None:
        endpoint.behaviour.answers = turn
        endpoint.hold_after(SIZE * CALLS // 2 + 3)  # the next calls stand somewhere in the middle of traces
        experiment_id = await start_agents(runtime)
        first = start_worker()

        async def in_the_middle() -> bool:
            return endpoint.stats.in_flight == CONCURRENCY and len(await runs_of(runtime, experiment_id)) > 0

        await until(in_the_middle, "stored runs, and traces in the middle")
        before = await runs_of(runtime, experiment_id)
        assert len(before) < SIZE
        asked = endpoint.stats.requests - endpoint.stats.in_flight
        assert asked > len(before) * CALLS  # some agent had begun, and is not stored
        kill_tree(first)
        endpoint.release()
        start_worker()
        await completed(runtime, experiment_id)
        after = await runs_of(runtime, experiment_id)
        assert len(set(pairs(after))) == len(after) == SIZE
        kept = {run.id: run for run in after}
        assert [(run.id, run.trace, run.calls) for run in before] == [
            (run.id, kept[run.id].trace, kept[run.id].calls) for run in before
        ]
        # What was answered, and not stored yet, came from the cache, but for what was in flight.
        assert endpoint.stats.requests <= SIZE * CALLS + 2 * CONCURRENCY

        whole = await start_agents(runtime)
        await Executor(runtime, whole).run()
        assert told(after) == told(await runs_of(runtime, whole))
        here, there = await metrics_of(runtime, experiment_id), await metrics_of(runtime, whole)
        for name in ("scores", "agent", "tokens_per_answer"):
            assert here[name] == there[name]
        assert here["agent"]["tools"] == {"calculator": {"successful": SIZE, "failed": SIZE, "unneeded": 0}}
        assert here["agent"]["repairs"] == SIZE

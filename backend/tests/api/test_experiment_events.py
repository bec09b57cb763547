"""Tests of an experiment's stream of events."""

import asyncio

from app.domain.status import ExperimentStatus
from tests.api.conftest import EXPERIMENTS, Steps, events


class TestEvents:
    async def test_from_pending_to_the_end(self, steps: Steps) -> None:
        experiment_id = await steps.create(model="mock/gold?latency_ms=20", concurrency=1)
        seen = []
        work: asyncio.Task[str | None] | None = None
        async with steps.api.stream("GET", f"{EXPERIMENTS}/{experiment_id}/events") as response:
            async for event in events(response):
                seen.append(event)
                if work is None:
                    await steps.start(experiment_id)
                    work = asyncio.create_task(steps.work(experiment_id))
        assert work is not None
        assert await work is ExperimentStatus.COMPLETED
        pending = {"status": "PENDING", "queued": False, "reason": None, "progress": None}
        assert seen[0] == {**pending, "heartbeat_at": None, "queue_position": None}
        assert any(event["heartbeat_at"] for event in seen)
        statuses = [event["status"] for event in seen]
        assert list(dict.fromkeys(statuses)) == ["PENDING", "RUNNING", "COMPLETED"]
        done = [event["progress"]["done"] for event in seen if event["progress"]]
        assert done == sorted(done)
        assert seen[-1]["progress"]["done"] == 20
        assert seen[-1]["progress"]["accuracy"] == 1.0

    async def test_of_what_has_ended_is_one_event(self, steps: Steps) -> None:
        experiment_id = await steps.run(dataset={"name": "quiz", "n": 2})
        async with steps.api.stream("GET", f"{EXPERIMENTS}/{experiment_id}/events") as response:
            seen = [event async for event in events(response)]
        assert [event["status"] for event in seen] == ["COMPLETED"]

    async def test_failure_says_why(self, steps: Steps) -> None:
        experiment_id = await steps.run(model="mock/gold?fail_rate=1&fail_kind=auth")
        async with steps.api.stream("GET", f"{EXPERIMENTS}/{experiment_id}/events") as response:
            seen = [event async for event in events(response)]
        assert seen[-1]["status"] == "FAILED"
        assert "auth" in seen[-1]["reason"]

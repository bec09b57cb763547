"""What a question costs that was answered before: ``python -m benchmarks.cache``.

The whole platform (API, one worker, embedded Postgres and Valkey) runs the same experiment against a fake
model server on this machine: cold; then again with the answers in the database alone, since the worker was
started anew; then again with the answers in the worker's memory. ``a question`` is the time from the start's
acceptance to COMPLETED by the number of questions: prompts, parsing, scoring and storing included. The
look-ups alone are measured apart, in this process, with 64 and with 1 at a time.
"""

import argparse
import asyncio
import time
import uuid
from datetime import datetime
from statistics import median
from typing import Any

import httpx

from app.core.config import Settings
from app.domain.generation import GenerationParams, GenerationRequest, GenerationResult, Message, Usage
from app.services.execution.cache_tiers import CacheTiers
from app.services.execution.writer import GroupCommitWriter
from app.services.inference.base import EngineBase
from app.services.inference.cache import CachingEngine
from app.services.inference.memory_cache import MemoryCache
from app.services.runtime import open_runtime
from benchmarks.lab import Lab, open_lab

_LOOK_UPS = 3_000
_START_S = 60.0


def _experiment(lab: Lab, seed: int) -> dict[str, Any]:
    lab.fake.reset(latency_ms=0)
    experiment_id = lab.create("questions", concurrency=64, seed=seed)
    accepted = lab.start(experiment_id)
    ended = lab.wait(experiment_id)
    metrics = lab.metrics(experiment_id)
    took_s = datetime.fromisoformat(ended["finished_at"]).timestamp() - accepted
    cache = metrics["cache"]
    return {
        "ms a question": round(1000 * took_s / ended["total"], 3),
        "calls": lab.fake.stats()["requests"],
        "hits": {tier: cache[tier] for tier in ("memory", "database")},
    }


def _start_anew(lab: Lab) -> None:
    """End the worker, and wait until its successor is there: its memory is empty."""
    for process in lab.workers():
        process.kill()
    end = time.time() + _START_S
    while time.time() < end:
        lab.platform.restart_ended()
        time.sleep(0.2)
        if lab.workers() and httpx.get(f"{lab.platform.url}/health").json()["status"] == "ok":
            return
    raise TimeoutError("no worker has started")


def experiments(lab: Lab) -> dict[str, dict[str, Any]]:
    """Run an experiment cold, from the database, and from memory."""
    seed = time.time_ns() % 2**31  # a fresh one, or the cache would answer at once
    found = {"cold": _experiment(lab, seed)}
    _start_anew(lab)
    found["warm, database"] = _experiment(lab, seed)
    found["warm, memory"] = _experiment(lab, seed)
    return found


class _Unused(EngineBase):
    async def generate(self, request: GenerationRequest) -> GenerationResult:
        del request
        return GenerationResult("A17", Usage(40, 3), latency_s=0.1, finish_reason="stop", model="m")


def _request(number: int) -> GenerationRequest:
    prompt = f"Answer in as few words as possible.\n\nQuestion: What is the code of item {number}?\nAnswer:"
    return GenerationRequest((Message("user", prompt),), "openai/fake", GenerationParams())


async def _look_ups(engine: CachingEngine, requests: list[GenerationRequest], at_once: int) -> float:
    """Return the mean milliseconds of a request, with so many at a time."""
    waiting = iter(requests)

    async def ask() -> None:
        for request in waiting:
            await engine.generate(request)

    started = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(at_once)))
    return 1000 * (time.perf_counter() - started) / len(requests)


async def look_ups(database_url: str) -> dict[str, dict[str, float]]:
    """Return milliseconds a look-up, by tier and number at a time; the key's hash is part of it."""
    runtime = open_runtime(Settings(DATABASE_URL=database_url))
    found: dict[str, dict[str, float]] = {}
    try:
        async with GroupCommitWriter(runtime.autocommit, uuid.uuid4()) as writer:
            for at_once in (64, 1):
                requests = [_request(number) for number in range(_LOOK_UPS if at_once > 1 else 200)]
                memory = MemoryCache(50_000, 100_000_000)
                await _look_ups(CachingEngine(_Unused(), writer, "f", read=False), requests, at_once)
                await writer.flush()
                engine = CachingEngine(_Unused(), CacheTiers(memory, writer, runtime.autocommit), "f")
                for tier in ("database", "memory"):
                    took = await _look_ups(engine, requests, at_once)
                    found.setdefault(tier, {})[f"{at_once} at a time"] = round(took, 4)
    finally:
        await runtime.aclose()
    return found


def main() -> None:
    """Run both parts, and print what they measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--questions", type=int, default=5_000)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    with open_lab() as lab:
        lab.add_dataset("questions", arguments.questions)
        rounds = [experiments(lab) for _ in range(arguments.repeat)]
        for name, first in rounds[0].items():
            times = [one[name]["ms a question"] for one in rounds]
            print(f"{name:18} {median(times):.3f} ms a question {times}, {first['calls']} calls")
            print(f"{'':18} hits: {first['hits']}")
        for tier, times_by in asyncio.run(look_ups(lab.database_url)).items():
            print(f"look-up, {tier:9} {times_by}")


if __name__ == "__main__":
    main()

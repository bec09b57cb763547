"""What the stages of runs cost: ``python -m benchmarks.profiling [--runs 1000] [--rounds 7]``.

One process works on experiments as a worker does, against a fake model server that answers at once. Every
other experiment notes no stages: their clock is one that does nothing. What the processor spends on a
question is compared within each pair of neighbours, so that a machine that becomes slower falls on both
sides. On a busy machine these differ by more than stages cost: the parts are timed by themselves as well.
"""

import argparse
import asyncio
import os
import statistics
import time
import timeit
import uuid
from collections.abc import Callable
from unittest.mock import patch

import orjson

from app.core.config import Settings
from app.domain.metrics import RunFacts
from app.domain.stages import UNTIMED, StageClock, StoredStage
from app.domain.status import ExperimentStatus
from app.schemas.experiment_config import ExperimentConfig
from app.services.evaluation.metrics.stages import stage_profile
from app.services.execution import sample
from app.services.execution.dispatcher import Dispatcher
from app.services.execution.executor import Executor
from app.services.experiments.service import ExperimentService
from app.services.runtime import Runtime, open_runtime
from benchmarks.lab import Lab, open_lab

CONCURRENCY = 64
_MICRO = 1e6


async def _create(runtime: Runtime) -> uuid.UUID:
    config = ExperimentConfig.model_validate(
        {
            "name": "profiling",
            "model": "openai/fake",
            "dataset": {"name": "questions"},
            "concurrency": CONCURRENCY,
            "seed": time.time_ns() % 2**31,  # a fresh one, or the cache would answer
        }
    )
    async with runtime.sessions() as session:
        experiment = await ExperimentService(session, runtime).create(config)
        await Dispatcher(session, runtime, run_here=lambda _: None).start(experiment.id)
        return experiment.id


async def _cpu_us(runtime: Runtime, runs: int, *, stages: bool) -> float:
    """Return the processor's microseconds a question, from the executor's start to the stored result."""
    experiment_id = await _create(runtime)
    since = time.process_time()
    if stages:
        status = await Executor(runtime, experiment_id).run()
    else:
        with patch.object(sample, "StageClock", lambda **_: UNTIMED):
            status = await Executor(runtime, experiment_id).run()
    if status is not ExperimentStatus.COMPLETED:
        raise SystemExit(f"an experiment ended as {status}")
    return (time.process_time() - since) / runs * _MICRO


async def measure(lab: Lab, runs: int, rounds: int) -> list[tuple[float, float]]:
    """Return the microseconds a question of each pair of experiments, without and with stages."""
    settings = Settings().model_copy(update={"redis_url": type(Settings().redis_url)("")})
    settings = settings.model_copy(
        update={"database_url": type(settings.database_url)(lab.database_url), "home": lab.home}
    )
    runtime = open_runtime(settings)
    try:
        await _cpu_us(runtime, runs, stages=True)  # what is imported and compiled once
        pairs = []
        for number in range(rounds):
            order = (False, True) if number % 2 else (True, False)
            found = {stages: await _cpu_us(runtime, runs, stages=stages) for stages in order}
            pairs.append((found[False], found[True]))
            print(f"  without {found[False]:7.1f} µs   with {found[True]:7.1f} µs", flush=True)
        return pairs
    finally:
        await runtime.aclose()


def of_parts(runs: int = 10_000) -> dict[str, float]:
    """Return the processor's microseconds a question of each part that stages add, of a run with one call."""

    def noted() -> list[StoredStage] | None:
        clock = StageClock()
        for name in ("prompt", "lookup", "slot"):
            clock.lap(name)
        clock.lap_call(None)
        for name in ("parsing", "turn", "scoring"):
            clock.lap(name)
        return clock.finish("storing")

    stages = noted()
    stored = orjson.dumps(stages).decode()
    run = RunFacts(True, None, "answered", {}, False, 1, 5.0, 1, 1, None, stages=stored)
    timed: dict[str, tuple[Callable[[], object], int]] = {
        "noting them": (noted, 1),
        "encoding them": (lambda: orjson.dumps(stages).decode(), 1),
        "their profile": (lambda: stage_profile([run] * runs), runs),
    }
    return {
        name: min(timeit.repeat(part, timer=time.thread_time, number=max(1, runs // of), repeat=5))
        / runs
        * _MICRO
        for name, (part, of) in timed.items()
    }


def main() -> None:
    """Measure, and print what the stages add."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=8)
    arguments = parser.parse_args()
    os.environ.setdefault("LLMFORGE_LOG_LEVEL", "WARNING")
    with open_lab() as lab:
        lab.fake.reset(latency_ms=0)
        lab.add_dataset("questions", arguments.runs)
        for process in lab.workers():  # this process does their work
            process.kill()
        pairs = asyncio.run(measure(lab, arguments.runs, arguments.rounds))
    without = min(one for one, _ in pairs)
    parts = of_parts()
    added = [100 * (two / one - 1) for one, two in pairs]
    error = statistics.stdev(added) / len(added) ** 0.5
    print(f"  without stages, least             {without:.1f} µs of CPU a question")
    print(f"  with stages, least                {min(two for _, two in pairs):.1f} µs")
    print(f"  added, median of pairs            {statistics.median(added):+.2f} %")
    print(f"  added, mean of pairs              {statistics.mean(added):+.2f} % ± {2 * error:.2f}")
    for name, spent_us in parts.items():
        print(f"  {name:33} {spent_us:.2f} µs")
    print(f"  these parts together              {100 * sum(parts.values()) / without:.2f} %")


if __name__ == "__main__":
    main()

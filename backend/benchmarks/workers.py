"""One experiment on many workers: ``python -m benchmarks.workers [case …]``.

Each case runs the whole platform against a fake model server, as ``benchmarks.main_job`` does.
``docs/benchmarks.md`` keeps the figures.
"""

import asyncio
import hashlib
import os
import random
import statistics
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import asyncpg
import psutil

from benchmarks.lab import Lab, chosen_cases, open_lab, show_case

QUESTIONS = 4_000
IN_FLIGHT = 64  # a worker
KILLS = 20

Report = dict[str, Any]


def _seconds(lab: Lab, experiment_id: str, accepted: float) -> float:
    experiment = lab.wait(experiment_id, 600)
    assert experiment["status"] == "COMPLETED", experiment["reason"]
    return datetime.fromisoformat(experiment["finished_at"]).timestamp() - accepted


def _run(lab: Lab, dataset: str, **config: Any) -> tuple[str, float]:
    """Run an experiment, and return its id and its seconds."""
    experiment_id = lab.create(dataset, cache=False, **config)
    return experiment_id, _seconds(lab, experiment_id, lab.start(experiment_id))


def scale(repeat: int) -> Report:
    """4,000 questions, 1 s endpoint, 64 in flight a worker: 1, 2 and 4 workers."""
    report: Report = {}
    seconds: dict[int, float] = {}
    for workers in (1, 2, 4):
        with open_lab(workers=workers) as lab:
            lab.add_dataset("questions", QUESTIONS)
            times, most = [], 0
            for seed in range(repeat):
                lab.fake.reset(latency_ms=1000)
                _, took = _run(lab, "questions", concurrency=IN_FLIGHT * workers, seed=seed)
                stats = lab.fake.stats()
                assert stats["requests"] == QUESTIONS, stats["requests"]
                times.append(took)
                most = max(most, stats["max_in_flight"])
            seconds[workers] = statistics.median(times)
            report[f"{workers} workers, s"] = round(seconds[workers], 2)
            report[f"{workers} workers, most in flight"] = most
    for workers in (2, 4):
        report[f"{workers} workers, times as fast"] = round(seconds[1] / seconds[workers], 2)
    return report


def busy(repeat: int) -> Report:
    """10,000 questions, 0 ms endpoint, 256 in flight in all: what more workers bring to a fast endpoint."""
    report: Report = {}
    for workers in (1, 2, 4):
        with open_lab(workers=workers) as lab:
            lab.add_dataset("questions", 10_000)
            lab.fake.reset(latency_ms=0)
            times = [_run(lab, "questions", concurrency=256, seed=seed)[1] for seed in range(repeat)]
        report[f"{workers} workers, questions/s"] = round(10_000 / statistics.median(times))
    return report


def _query(lab: Lab, query: str, *values: object) -> list[Any]:
    async def ask() -> list[Any]:
        connection = await asyncpg.connect(lab.database_url)
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    return asyncio.run(ask())


def _rows(lab: Lab, experiment_id: str) -> tuple[int, str]:
    """Return how many distinct samples an experiment has runs of, and a hash of what they say."""
    rows = _query(
        lab,
        "select example_id, repeat, status, output, answer, scores::text from runs "
        "where experiment_id = $1::text::uuid order by 1, 2",
        experiment_id,
    )
    assert len({(row[0], row[1]) for row in rows}) == len(rows)
    return len(rows), hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()


def _kill_one(lab: Lab, experiment_id: str, chosen: random.Random) -> tuple[int, bool] | None:
    """Kill a worker that is at work, or its child; return the calls that it may have had in flight."""
    rows = _query(
        lab, "select worker, slots from executors where experiment_id = $1::text::uuid", experiment_id
    )
    if not rows:
        return None
    row = chosen.choice(rows)
    child = int(row["worker"].rpartition(":")[2])
    of_child = chosen.random() < 0.5
    try:
        victim = psutil.Process(child) if of_child else psutil.Process(child).parent()
        assert victim is not None
        assert victim.pid != os.getpid()
        victim.kill()
    except psutil.NoSuchProcess:  # it was done
        return None
    return int(row["slots"]), of_child


def kill(_: int) -> Report:
    """``kill -9`` of one of 4 workers, or of its child, at 20 random moments of a run."""
    chosen = random.Random(15)
    done = 0
    repeated: list[int] = []
    allowed: list[int] = []
    seconds: list[float] = []
    with open_lab(workers=4) as lab:
        lab.add_dataset("questions", 1_000)
        lab.fake.reset(latency_ms=200)
        reference, undisturbed = _run(lab, "questions", concurrency=IN_FLIGHT)
        expected = _rows(lab, reference)
        while done < KILLS:
            lab.fake.reset(latency_ms=200)
            experiment_id = lab.create("questions", cache=False, concurrency=IN_FLIGHT)
            accepted = lab.start(experiment_id)
            time.sleep(chosen.uniform(0.1, undisturbed - 0.5))
            killed = _kill_one(lab, experiment_id, chosen)
            while lab.http.get(f"/experiments/{experiment_id}").json()["status"] == "RUNNING":
                lab.platform.restart_ended()
                time.sleep(0.1)
            lab.platform.restart_ended()
            took = _seconds(lab, experiment_id, accepted)
            assert _rows(lab, experiment_id) == expected, experiment_id
            if killed is None:
                continue
            done += 1
            seconds.append(took)
            repeated.append(lab.fake.stats()["requests"] - 1_000)
            allowed.append(killed[0])
            print(f"  {'child' if killed[1] else 'worker'} killed: {repeated[-1]} of {allowed[-1]} repeated")
    return {
        "kills": done,
        "equal results, unique rows": True,
        "repeated calls, of those the killed one may have had in flight": list(
            zip(repeated, allowed, strict=True)
        ),
        "more repeated than in flight": sum(a > b for a, b in zip(repeated, allowed, strict=True)),
        "undisturbed, s": round(undisturbed, 1),
        "median of the killed, s": round(statistics.median(seconds), 1),
    }


def fair(_: int) -> Report:
    """One worker: how soon 20 questions start behind an experiment of ten minutes."""
    with open_lab(workers=1) as lab:
        lab.add_dataset("questions", QUESTIONS)
        lab.add_dataset("few", 20)
        lab.fake.reset(latency_ms=1000)
        long = lab.create("questions", cache=False, concurrency=8)
        lab.start(long)
        time.sleep(5)
        short, took = _run(lab, "few", concurrency=8)
        started = lab.http.get(f"/experiments/{short}").json()
        waited = datetime.fromisoformat(started["started_at"]) - datetime.fromisoformat(started["queued_at"])
        time.sleep(3)
        progress = lab.http.get(f"/experiments/{long}").json()["progress"]
        lab.http.post(f"/experiments/{long}/cancel").raise_for_status()
        lab.wait(long)
        stats = lab.fake.stats()
        return {
            "waited, s": round(waited.total_seconds(), 1),
            "from start to end, s": round(took, 1),
            "the long one goes on": progress["executors"] == 1 and progress["in_flight"] > 0,
            "calls repeated": stats["requests"] - len(stats["tries"]),
        }


CASES: dict[str, Callable[[int], Report]] = {case.__name__: case for case in (scale, busy, kill, fair)}


def main() -> None:
    """Run the cases named on the command line, or all."""
    names, repeat = chosen_cases(__doc__, CASES, 1)
    for name in names:
        show_case(name, CASES[name].__doc__, CASES[name](repeat))


if __name__ == "__main__":
    main()

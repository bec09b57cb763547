"""The main job under load and faults: ``python -m benchmarks.main_job [case …]``.

Each case runs the whole platform (API, worker, embedded Postgres and Valkey) against a fake model
server on this machine, and prints what it measured. ``docs/benchmarks.md`` keeps the figures.
"""

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Self

import psutil

from benchmarks.lab import BACKEND, Lab, chosen_cases, open_lab, show_case

CONCURRENCY = 64
IDEAL_S = 1000 / CONCURRENCY * 0.1

Report = dict[str, Any]


class MemoryWatch:
    """The largest resident set of a worker process while it runs, in MB."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak_mb = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.5):  # looking costs a few milliseconds of the machine
            for process in self._lab.workers():
                try:
                    self.peak_mb = max(self.peak_mb, process.memory_info().rss / 1e6)
                except psutil.Error:
                    continue


def _run(lab: Lab, dataset: str) -> Report:
    seed = time.time_ns() % 2**31  # a fresh one, or the cache would answer
    experiment_id = lab.create(dataset, concurrency=CONCURRENCY, seed=seed)
    with MemoryWatch(lab) as memory:
        accepted = lab.start(experiment_id)
        experiment = lab.wait(experiment_id)
    finished = datetime.fromisoformat(experiment["finished_at"]).timestamp()
    stats = lab.fake.stats()
    counts = lab.metrics(experiment_id)["counts"]
    return {
        "status": experiment["status"],
        "accepted_to_completed_s": round(finished - accepted, 3),
        "first_request_to_last_answer_s": stats["span_s"],
        "requests": stats["requests"],
        "stored": counts["stored"],
        "ok": counts["ok"],
        "failed": counts["failed"],
        "worker_mb": round(memory.peak_mb),
        "max_in_flight": stats["max_in_flight"],
        "reason": experiment["reason"],
        "id": experiment_id,
    }


def latency(lab: Lab) -> Report:
    """1,000 questions, 100 ms endpoint."""
    lab.fake.reset(latency_ms=100)
    report = _run(lab, "thousand")
    ratio = report["first_request_to_last_answer_s"] / IDEAL_S
    return report | {"ratio_to_ideal": round(ratio, 3)}


def _bare(lab: Lab, count: int) -> dict[str, float]:
    """Ask as many questions by a bare loop of HTTP calls; the server's settings stay."""
    arguments = [lab.fake.base_url, str(count), str(CONCURRENCY)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bare_loop", *arguments],
        cwd=BACKEND,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def _beside_bare(lab: Lab, dataset: str, count: int, latency_ms: int, rounds: int) -> Report:
    """Run the main job and a bare loop in turn; compare their medians."""
    spans, totals, bare_spans, cpus, bare_cpus = [], [], [], [], []
    for _ in range(rounds):
        lab.fake.reset(latency_ms=latency_ms)
        bare = _bare(lab, count)
        bare_spans.append(bare["span_s"])
        bare_cpus.append(bare["cpu_s"] / count * 1000)
        lab.fake.reset(latency_ms=latency_ms)
        before = lab.ended_cpu_s()
        report = _run(lab, dataset)
        spans.append(report["first_request_to_last_answer_s"])
        totals.append(report["accepted_to_completed_s"])
        cpus.append((lab.ended_cpu_s() - before) / count * 1000)
    bare_s = statistics.median(bare_spans)
    return {
        "span_s": sorted(round(one, 2) for one in spans),
        "accepted_to_completed_s": sorted(totals),
        "bare_span_s": sorted(round(one, 2) for one in bare_spans),
        "span_over_bare": round(statistics.median(spans) / bare_s, 3),
        "completed_over_bare": round(statistics.median(totals) / bare_s, 2),
        "cpu_ms_a_question": round(statistics.median(cpus), 3),
        "bare_cpu_ms_a_question": round(statistics.median(bare_cpus), 3),
    }


def beside_bare_100(lab: Lab) -> Report:
    """1,000 questions, 100 ms endpoint, five times in turn with a bare loop of HTTP calls."""
    return _beside_bare(lab, "thousand", 1_000, latency_ms=100, rounds=5)


def beside_bare_0(lab: Lab) -> Report:
    """10,000 questions, 0 ms endpoint, three times in turn with a bare loop of HTTP calls."""
    return _beside_bare(lab, "ten_thousand", 10_000, latency_ms=0, rounds=3)


def throughput(lab: Lab) -> Report:
    """10,000 questions, 0 ms endpoint; worker memory beside that of 1,000."""
    lab.fake.reset(latency_ms=0)
    small = _run(lab, "thousand")
    lab.fake.reset(latency_ms=0)
    return _run(lab, "ten_thousand") | {"worker_mb_at_1000": small["worker_mb"]}


def faults(lab: Lab) -> Report:
    """20 % of prompts fail once: 429, 500, reset, cut-off JSON."""
    lab.fake.reset(latency_ms=100)
    clean = _run(lab, "thousand")
    kinds = {f"{kind}_rate": 0.05 for kind in ("err429", "err500", "reset", "malformed")}
    lab.fake.reset(latency_ms=100, **kinds, fault_tries=1)
    report = _run(lab, "thousand")
    slower = report["accepted_to_completed_s"] / clean["accepted_to_completed_s"]
    return report | {"ratio_to_fault_free": round(slower, 2)}


def sticky(lab: Lab) -> Report:
    """About 5 % of prompts fail for good."""
    lab.fake.reset(latency_ms=100, err500_rate=0.05, sticky=1)
    report = _run(lab, "thousand")
    tries = max(lab.fake.stats()["tries"].values())
    return report | {"most_tries": tries}


def cap16(lab: Lab) -> Report:
    """A server that takes 16 at once, asked for 64."""
    lab.fake.reset(latency_ms=100, max_in_flight_cap=16)
    report = _run(lab, "thousand")
    ideal = 1000 / 16 * 0.1
    return report | {"ratio_to_ideal": round(report["first_request_to_last_answer_s"] / ideal, 2)}


def kill(lab: Lab) -> Report:
    """``kill -9`` of the worker and its child at half, then take-over."""
    lab.fake.reset(latency_ms=100)
    seed = time.time_ns() % 2**31
    experiment_id = lab.create("thousand", concurrency=CONCURRENCY, seed=seed)
    lab.start(experiment_id)
    while lab.fake.stats()["requests"] < 500:
        time.sleep(0.005)
    for process in lab.workers():
        process.kill()
    killed = time.time()
    while lab.http.get(f"/experiments/{experiment_id}").json()["status"] == "RUNNING":
        lab.platform.restart_ended()
        time.sleep(0.1)
    experiment = lab.wait(experiment_id)
    stats = lab.fake.stats()
    reference = lab.create("thousand", concurrency=CONCURRENCY, seed=seed, cache=False)
    lab.start(reference)
    lab.wait(reference)
    scores = [lab.metrics(each)["scores"] for each in (experiment_id, reference)]
    return {
        "status": experiment["status"],
        "repeated_requests": stats["requests"] - 1000,
        "stored": lab.metrics(experiment_id)["counts"]["stored"],
        "equal_to_uninterrupted": scores[0] == scores[1],
        "kill_to_completed_s": round(time.time() - killed, 1),
    }


def create(lab: Lab) -> Report:
    """Creating an experiment, request to answer."""
    times = []
    for seed in range(100):
        started = time.perf_counter()
        lab.create("thousand", seed=seed)
        times.append((time.perf_counter() - started) * 1000)
    return {"median_ms": round(statistics.median(times), 1), "p95_ms": round(sorted(times)[94], 1)}


CASES: dict[str, Callable[[Lab], Report]] = {
    case.__name__: case
    for case in (create, latency, throughput, beside_bare_100, beside_bare_0, kill, faults, sticky, cap16)
}


def main() -> None:
    """Run the cases named on the command line, or all."""
    names, repeat = chosen_cases(__doc__, CASES, 1)
    with open_lab() as lab:
        lab.add_dataset("thousand", 1_000)
        lab.add_dataset("ten_thousand", 10_000)
        for name in names:
            for _ in range(repeat):
                show_case(name, CASES[name].__doc__, CASES[name](lab))


if __name__ == "__main__":
    main()

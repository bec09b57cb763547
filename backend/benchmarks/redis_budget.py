"""How many commands the platform sends to Redis: ``python -m benchmarks.redis_budget``.

Hosts such as Upstash count them: 500,000 a month are free, 10,000 a day on older plans. A real API and a
real worker run on a Valkey of their own, which counts commands by itself (``INFO commandstats``). What is
sent more rarely than the idle window is long is added by calculation: the worker's report to Redis, and its
cleaning of what killed workers leave.
"""

import argparse
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import httpx
from redis import Redis

from app.core.queue import connect
from app.tasks.experiment_worker import CLEAN_EVERY_S, REPORT_EVERY_S
from benchmarks.lab import Lab, open_lab

DAY_S, HOUR_S = 86_400, 3_600
IDLE_GOAL, RUNNING_GOAL = 1_000, 2_500
HEALTH_EVERY_S = 30  # of a tab that is seen, while all is well
COMMANDS_OF_A_REPORT = 3  # HSET, EXPIRE, EXPIRE
WARM_UP_S = 20


def counted(redis: Redis) -> Counter[str]:
    """Return how often each command was called since the server started."""
    stats = cast(dict[str, dict[str, int]], redis.info("commandstats"))
    return Counter({name.removeprefix("cmdstat_"): entry["calls"] for name, entry in stats.items()})


def difference(redis: Redis, before: Counter[str]) -> Counter[str]:
    """Return the commands since ``before``, without the one that ``counted`` takes itself."""
    found = counted(redis)
    found.subtract(before)
    found["info"] -= 1
    return +found


def show(title: str, commands: Counter[str], seconds: float) -> None:
    """Print a count, and what it is made of."""
    parts = ", ".join(f"{name} {count}" for name, count in commands.most_common()) or "none"
    print(f"{title}: {commands.total()} in {seconds:.0f} s ({parts})")


def idle(redis: Redis, window_s: float, start: Counter[str]) -> None:
    """Count what an idle worker and an idle API send."""
    before = counted(redis)
    time.sleep(window_s)
    commands = difference(redis, before)
    show("idle worker and idle API", commands, window_s)
    a_day = commands.total() * DAY_S / window_s
    reports = COMMANDS_OF_A_REPORT * DAY_S / REPORT_EVERY_S
    cleaning = start.total() * DAY_S / CLEAN_EVERY_S  # a start cleans, too, and does more than that
    total = a_day + reports + cleaning
    print(
        f"  a day: {a_day:.0f} like these, {reports:.0f} for reports, at most {cleaning:.0f} for cleaning = "
        f"{total:.0f} (goal: at most {IDLE_GOAL}) {verdict(total, IDLE_GOAL)}"
    )


def running(lab: Lab, redis: Redis, window_s: float) -> None:
    """Count what an hour of a running experiment takes, with its page open."""
    lab.fake.reset(latency_ms=1000)
    lab.add_dataset("budget", int(8 * (window_s + 40)))
    experiment_id = lab.create("budget", concurrency=8, cache=False)
    before = counted(redis)
    lab.start(experiment_id)
    with page(lab, experiment_id):
        time.sleep(10)
        begin = difference(redis, before)
        before = counted(redis)
        time.sleep(window_s)
        middle = difference(redis, before)
        before = counted(redis)
        lab.wait(experiment_id)
        time.sleep(2)
        end = difference(redis, before)
    show("a run begins (10 s)", begin, 10)
    show("a run goes on, its page is open", middle, window_s)
    show("a run ends", end, 0)
    total = middle.total() * HOUR_S / window_s + begin.total() + end.total()
    print(f"  an hour: {total:.0f} (goal: at most {RUNNING_GOAL}) {verdict(total, RUNNING_GOAL)}")


@contextmanager
def page(lab: Lab, experiment_id: str) -> Iterator[None]:
    """Do what the page of an experiment does in a browser: follow its events, and ask for the health."""
    closed = threading.Event()

    def follow() -> None:
        path = f"/experiments/{experiment_id}/events"
        with lab.http.stream("GET", path, timeout=None) as events:
            for _ in events.iter_lines():
                if closed.is_set():
                    return

    def ask() -> None:
        with httpx.Client(base_url=lab.platform.url, trust_env=False, timeout=30) as client:
            while not closed.is_set():
                client.get("/health").raise_for_status()
                closed.wait(HEALTH_EVERY_S)

    threads = [threading.Thread(target=target, daemon=True) for target in (follow, ask)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        closed.set()


def verdict(value: float, goal: float) -> str:
    """Return whether a goal is reached."""
    return "met" if value <= goal else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=float, default=600, help="seconds of the idle window")
    parser.add_argument("--running", type=float, default=120, help="seconds of the window within a run")
    chosen = parser.parse_args()
    with open_lab(workers=1) as lab:
        valkey = lab.platform._valkey  # noqa: SLF001
        assert valkey is not None
        redis = connect(valkey.url)
        time.sleep(WARM_UP_S)
        start = counted(redis)
        show("start of worker and API", start, WARM_UP_S)
        if chosen.running:
            running(lab, redis, chosen.running)
        if chosen.idle:
            idle(redis, chosen.idle, start)


if __name__ == "__main__":
    main()

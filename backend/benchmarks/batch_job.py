"""A batch job whose worker is killed: ``python -m benchmarks.batch_job [--lines 1000] [--kills 10]``.

A platform with one worker runs an experiment by batch jobs of a fake provider, which takes a second to accept
a file and a job, and three to hand out the answers. At random moments the worker, or the child that runs the
experiment, is killed with SIGKILL; the provider ends the job after seven of the kills. What must hold: the
experiment completes, each question has one run, one file went up, and one job was made of it.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks.chaos import Platform
from tests.fixtures.fake_batch import FakeBatch

_SETTINGS = {
    "LLMFORGE_BATCH_POLL_S": "1",
    "LLMFORGE_BATCH_POLL_LONGEST_S": "2",
    "LLMFORGE_STALE_AFTER_S": "3",
}
_DELAYS_S = {"upload": 1.0, "create": 1.0, "content": 3.0}
_NEVER = 10**9
_ENDS_AFTER = 0.7  # of the kills
_LONGEST_WAIT_S = 3.0  # from when it is worked on to the kill
_LONGEST_START_S = 60.0  # from a kill to the next worker's start
_DEADLINE_S = 600.0


class Provider:
    """The fake batch API, in a thread of its own."""

    def __init__(self) -> None:
        self.fake = FakeBatch(looks=_NEVER, delays_s=_DELAYS_S)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self.fake.__aenter__(), self._loop).result()
        self.base_url = self.fake.base_url


def kill(platform: Platform) -> str:
    """Wait until the experiment is worked on, and for a random time, and kill; return what was hit."""
    end = time.monotonic() + _LONGEST_START_S
    while not platform.busy() and time.monotonic() < end:
        platform.call("GET", "/experiments")  # as an open page does: without users recovery looks ever less
        time.sleep(0.2)
    time.sleep(random.uniform(0, _LONGEST_WAIT_S))
    busy, workers = platform.busy(), platform.workers()
    victims = random.choice([one for one in (busy, workers) if one] or [[]])
    for victim in victims:
        with suppress(psutil.Error):
            victim.send_signal(signal.SIGKILL)
    at_work = "at work" if busy else "waiting"
    return f"{'child' if victims is busy else 'worker'} {at_work}" if victims else "nothing"


def run(platform: Platform, provider: Provider, lines: int, kills: int) -> dict[str, Any]:
    """Run the experiment, kill its worker so many times, and return what came of it."""
    rows = (json.dumps({"question": f"What is item {i} ?", "answer": f"thing {i}"}) for i in range(lines))
    files = {"file": ("batch.jsonl", "\n".join(rows))}
    platform.call("POST", "/datasets", data={"name": "batch"}, files=files)
    config = {
        "name": "batch",
        "model": "openai/gpt-4o-mini",
        "dataset": {"name": "batch"},
        "execution": {"mode": "batch_job"},
    }
    experiment_id = platform.call("POST", "/experiments", json={"config": config}).json()["id"]
    started = time.monotonic()
    platform.call("POST", f"/experiments/{experiment_id}/run")
    hits: Counter[str] = Counter()
    for number in range(kills):
        if number == int(kills * _ENDS_AFTER):
            provider.fake.looks = 1
        hit = kill(platform)
        hits[hit] += 1
        asked = ", ".join(f"{kind} {count}" for kind, count in sorted(provider.fake.asked.items()))
        print(f"kill {number + 1} at {time.monotonic() - started:5.1f} s: {hit}; asked: {asked}", flush=True)
    provider.fake.looks = 1
    while True:
        status = platform.call("GET", f"/experiments/{experiment_id}").json()["status"]
        if status in {"COMPLETED", "FAILED", "CANCELLED"} or time.monotonic() - started > _DEADLINE_S:
            break
        time.sleep(0.5)
    text = platform.call("GET", f"/results/{experiment_id}/export", params={"format": "jsonl"}).text
    stored = [json.loads(line) for line in text.splitlines() if line]
    return {
        "status": status,
        "stored": len(stored),
        "distinct": len({(row["example_key"], row["repeat"]) for row in stored}),
        "right": sum(row["exact_match"] == 1.0 for row in stored),
        "hits": dict(hits),
        "took_s": time.monotonic() - started,
    }


def main() -> None:
    """Run it once, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    os.environ.update(_SETTINGS)
    provider = Provider()
    with tempfile.TemporaryDirectory(prefix="llmforge-batch-") as folder:
        platform = Platform(Path(folder), provider.base_url, 1)
        try:
            platform.start()
            found = run(platform, provider, arguments.lines, arguments.kills)
        finally:
            platform.stop()
    fake = provider.fake
    print(
        f"{found['status']}: {found['stored']:,} stored ({found['distinct']:,} distinct, {found['right']:,} "
        f"right), {len(fake.uploads)} upload(s), {len(fake.batches)} job(s), {found['took_s']:.0f} s; "
        f"killed: {found['hits']}"
    )


if __name__ == "__main__":
    main()

"""Kills and stops at random moments, and what they cost: ``python -m benchmarks.chaos [kind …] [--tries 4]``.

A platform with two workers (``--workers``) runs two experiments of 600 questions at once on the fake model
server, whose answers take 0.7 s, 32 calls in flight each. At a random moment one part of it is killed, or
stopped for 15 s and continued. What must hold, whatever is killed: both experiments complete, each sample
has one run, and the exports equal those of an experiment that nothing disturbed. Printed beside it: how
many calls were made again.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from app.core.platform_state import platform_url
from app.core.processes import die_with_parent
from benchmarks.lab import BACKEND, FakeServer

QUESTIONS = 600
CONCURRENCY = 32
_STOPPED_S = 15.0
_EARLIEST_S, _LATEST_S = 0.5, 11.0
_START_S = 120.0
_END_S = 180.0
_COMPARED = ("key", "question", "repeat", "answer", "output", "exact_match", "status")

Processes = Sequence[psutil.Process]


class Platform:
    """``llmforge up`` in a process of its own, which starts again what is killed."""

    def __init__(self, home: Path, base_url: str, workers: int) -> None:
        self._home = home
        self._env = {
            **os.environ,
            "LLMFORGE_HOME": str(home),
            "LLMFORGE_PORT": "0",
            "LLMFORGE_WORKERS": str(workers),
            "LLMFORGE_IGNORE_ENV_FILE": "1",
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "OPENAI_BASE_URL": base_url,
            "OPENAI_API_KEY": "benchmark-key",
            "PYTHONPATH": str(BACKEND),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until its API answers."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", "up"],
            env=self._env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it only calls prctl
        )
        end = time.monotonic() + _START_S
        while platform_url(self._home) is None:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("the platform did not start")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it as a user would."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Return the API's answer; ask again while it is away."""
        end = time.monotonic() + _END_S
        while True:
            url = platform_url(self._home)
            with suppress(httpx.TransportError):
                if url is not None:
                    answer = httpx.request(
                        method, f"{url}/api/v1{path}", timeout=30, trust_env=False, **options
                    )
                    if answer.status_code < 500:
                        answer.raise_for_status()
                        return answer
            if time.monotonic() > end:
                raise TimeoutError(f"{method} {path} had no answer in {_END_S:g} s")
            time.sleep(0.2)

    def processes(self, *words: str) -> Processes:
        """Return the platform's processes whose command line has one of the words."""
        assert self.process is not None
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.Error):
                line = " ".join(process.cmdline())
                if any(word in line for word in words):
                    found.append(process)
        return found

    def workers(self) -> Processes:
        """Return the workers, without the children that run experiments."""
        return [one for one in self.processes("app.tasks.worker") if one.ppid() == self._pid]

    def busy(self) -> Processes:
        """Return the children that run experiments."""
        return [one for one in self.processes("app.tasks.worker") if one.ppid() != self._pid]

    def server(self, word: str) -> Processes:
        """Return the process of an embedded server without its own children."""
        return [one for one in self.processes(word) if one.ppid() == self._pid][:1]

    @property
    def _pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill_everything(self) -> None:
        """Kill the platform with all its processes, and start it again."""
        assert self.process is not None
        everything = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        _signal(everything, signal.SIGKILL)
        self.process.wait()
        self.start()

    def restart(self) -> None:
        """Stop the platform as a user would, and start it again."""
        self.stop()
        self.start()


def _signal(processes: Processes, number: int) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)


def _one(processes: Processes) -> Processes:
    return random.sample(list(processes), 1) if processes else []


def _pause(processes: Processes) -> None:
    _signal(processes, signal.SIGSTOP)
    time.sleep(_STOPPED_S)
    _signal(processes, signal.SIGCONT)


def _pause_with_child(platform: Platform) -> None:
    worker = _one(platform.workers())
    _pause([*worker, *(child for one in worker for child in one.children())])


KINDS: dict[str, Callable[[Platform], None]] = {
    "kill-child": lambda platform: _signal(_one(platform.busy()), signal.SIGKILL),
    "kill-worker": lambda platform: _signal(_one(platform.workers()), signal.SIGKILL),
    "pause-child": lambda platform: _pause(_one(platform.busy())),
    "pause-worker": _pause_with_child,
    "kill-postgres": lambda platform: _signal(platform.server("pginstall/bin/postgres"), signal.SIGKILL),
    "kill-valkey": lambda platform: _signal(platform.server("valkey"), signal.SIGKILL),
    "kill-api": lambda platform: _signal(platform.server("app.main:create_app"), signal.SIGKILL),
    "kill-everything": Platform.kill_everything,
    "restart": Platform.restart,
}


def create(platform: Platform, seed: int, **config: Any) -> str:
    """Create an experiment and start it; return its id."""
    body = {"name": "chaos", "model": "openai/fake", "dataset": {"name": "chaos"}, "seed": seed}
    body |= {"concurrency": CONCURRENCY, "cache": False, **config}
    experiment_id = str(platform.call("POST", "/experiments", json={"config": body}).json()["id"])
    platform.call("POST", f"/experiments/{experiment_id}/run")
    return experiment_id


def wait(platform: Platform, experiment_id: str) -> str:
    """Return the status that an experiment ends with, or has after three minutes."""
    end = time.monotonic() + _END_S
    while True:
        status = str(platform.call("GET", f"/experiments/{experiment_id}").json()["status"])
        if status in {"COMPLETED", "FAILED", "CANCELLED"} or time.monotonic() > end:
            return status
        time.sleep(0.5)


def rows_of(platform: Platform, experiment_id: str) -> tuple[int, str]:
    """Return how many runs are stored, and a hash of what they say."""
    text = platform.call("GET", f"/results/{experiment_id}/export", params={"format": "jsonl"}).text
    rows = [json.loads(line) for line in text.splitlines() if line]
    said = sorted(json.dumps([row.get(name) for name in _COMPARED]) for row in rows)
    return len(rows), hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


@contextmanager
def open_platform(workers: int) -> Iterator[tuple[Platform, FakeServer]]:
    """Start a platform with a dataset and the fake server."""
    with tempfile.TemporaryDirectory(prefix="llmforge-chaos-") as folder:
        fake = FakeServer()
        platform = Platform(Path(folder), fake.base_url, workers)
        try:
            platform.start()
            lines = (
                json.dumps({"question": f"What is the code of item {i}?", "answer": f"A{i}"})
                for i in range(QUESTIONS)
            )
            files = {"file": ("chaos.jsonl", "\n".join(lines))}
            platform.call("POST", "/datasets", data={"name": "chaos"}, files=files)
            yield platform, fake
        finally:
            platform.stop()
            fake.stop()


def attempt(platform: Platform, fake: FakeServer, kind: str, expected: tuple[int, str]) -> bool:
    """Run two experiments, disturb them, and print what came of it; return whether all is right."""
    fake.reset(latency_ms=700)
    moment_s = random.uniform(_EARLIEST_S, _LATEST_S)
    experiments = [create(platform, seed) for seed in (1, 2)]
    started = time.monotonic()
    time.sleep(moment_s)
    KINDS[kind](platform)
    statuses = [wait(platform, one) for one in experiments]
    took_s = time.monotonic() - started
    found = [rows_of(platform, one) for one in experiments]
    right = statuses == ["COMPLETED"] * 2 and found == [expected] * 2
    again = fake.stats()["requests"] - 2 * QUESTIONS
    print(
        f"{kind:16} at {moment_s:4.1f} s  {'same' if right else f'WRONG {statuses} {found}'}  "
        f"repeated {again:3}  took {took_s:.1f} s",
        flush=True,
    )
    return right


def main() -> None:
    """Disturb each kind of part some times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kinds", nargs="*", help=f"of: {', '.join(KINDS)}")
    parser.add_argument("--tries", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    with open_platform(arguments.workers) as (platform, fake):
        fake.reset(latency_ms=20)
        undisturbed = create(platform, 1)
        wait(platform, undisturbed)
        expected = rows_of(platform, undisturbed)
        print(f"undisturbed: {expected[0]} runs", flush=True)
        results = [
            attempt(platform, fake, kind, expected)
            for kind in arguments.kinds or KINDS
            for _ in range(arguments.tries)
        ]
    print(f"{sum(results)} of {len(results)} right")


if __name__ == "__main__":
    main()

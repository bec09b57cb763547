"""A platform of its own for benchmarks: fresh state, a fake model server, and a client of both."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from app.core.config import Settings
from app.core.processes import die_with_parent
from app.launcher import Platform

BACKEND = Path(__file__).resolve().parents[1]


class FakeServer:
    """The fake OpenAI-compatible server, as a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fixtures.fake_llm", "--port", "0"],
            cwd=BACKEND,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it only calls prctl
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().split()[-1].rstrip("/")
        self.root = self.base_url.removesuffix("/v1")

    def reset(self, **settings: Any) -> None:
        """Zero the counters and set what the server does."""
        query = "&".join(f"{key}={value}" for key, value in settings.items())
        urllib.request.urlopen(f"{self.root}/reset?{query}").read()

    def stats(self) -> dict[str, Any]:
        """Return the counters."""
        return dict(json.loads(urllib.request.urlopen(f"{self.root}/stats").read()))

    def stop(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.wait()


class Lab:
    """A running platform with its fake server; see ``open_lab``."""

    def __init__(self, platform: Platform, fake: FakeServer, home: Path) -> None:
        self.platform = platform
        self.fake = fake
        self.home = home
        self.http = httpx.Client(base_url=f"{platform.url}/api/v1", timeout=120, trust_env=False)

    @property
    def database_url(self) -> str:
        """The embedded Postgres, for what no API stores fast enough."""
        postgres = self.platform._postgres  # noqa: SLF001
        assert postgres is not None
        return postgres.url

    def add_dataset(self, name: str, size: int) -> None:
        """Add ``size`` distinct questions."""
        lines = (
            json.dumps({"question": f"What is the code of item {i} of {name}?", "answer": f"A{i}"})
            for i in range(size)
        )
        files = {"file": (f"{name}.jsonl", "\n".join(lines))}
        self.http.post("/datasets", data={"name": name}, files=files).raise_for_status()

    def create(self, dataset: str, **config: Any) -> str:
        """Create an experiment on the fake server, and return its id."""
        body = {"name": dataset, "model": "openai/fake", "dataset": {"name": dataset}, **config}
        response = self.http.post("/experiments", json={"config": body})
        response.raise_for_status()
        return str(response.json()["id"])

    def start(self, experiment_id: str) -> float:
        """Start an experiment, and return the time at which that was accepted."""
        self.http.post(f"/experiments/{experiment_id}/run").raise_for_status()
        return time.time()

    def wait(self, experiment_id: str, timeout_s: float = 300) -> dict[str, Any]:
        """Return the experiment when it has ended."""
        end = time.time() + timeout_s
        while time.time() < end:
            experiment = dict(self.http.get(f"/experiments/{experiment_id}").json())
            if experiment["status"] in {"COMPLETED", "FAILED", "CANCELLED"}:
                return experiment
            time.sleep(0.25)
        raise TimeoutError(f"experiment {experiment_id} has not ended after {timeout_s} s")

    def metrics(self, experiment_id: str) -> dict[str, Any]:
        """Return the metrics of an ended experiment."""
        return dict(self.http.get(f"/results/{experiment_id}/metrics").json())

    def ended_cpu_s(self) -> float:
        """Return the seconds of CPU of the workers' children that have ended, in all."""
        times = [process.cpu_times() for process in self.workers()]
        return float(sum(one.children_user + one.children_system for one in times))

    def workers(self) -> list[psutil.Process]:
        """Return the worker processes, with the children that run experiments."""
        found = []
        for process in psutil.Process().children(recursive=True):
            try:
                if "app.tasks.worker" in process.cmdline():
                    found.append(process)
            except psutil.Error:
                continue
        return found


@contextmanager
def open_lab(**settings: Any) -> Iterator[Lab]:
    """Start a platform on fresh state with a fake server behind ``openai/*``."""
    with tempfile.TemporaryDirectory(prefix="llmforge-benchmark-") as folder:
        home = Path(folder)
        fake = FakeServer()
        os.environ.update({"OPENAI_BASE_URL": fake.base_url, "OPENAI_API_KEY": "benchmark-key"})
        os.environ.update({"LLMFORGE_HOME": folder, "DATABASE_URL": "", "REDIS_URL": ""})
        os.environ.update({f"LLMFORGE_{key.upper()}": str(value) for key, value in settings.items()})
        platform = Platform(Settings(), lambda _: None)
        try:
            platform.start()
            yield Lab(platform, fake, home)
        finally:
            platform.stop()
            fake.stop()


def chosen_cases(about: str | None, cases: Iterable[str], repeat: int) -> tuple[list[str], int]:
    """Return the cases that the command line names, or all, and how often each is run.

    Args:
        about: the text of ``--help``.
        cases: names of all of them.
        repeat: how often, unless ``--repeat`` says otherwise.
    """
    names = list(cases)
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("cases", nargs="*", help=f"of: {', '.join(names)}")
    parser.add_argument("--repeat", type=int, default=repeat)
    arguments = parser.parse_args()
    return arguments.cases or names, arguments.repeat


def show_case(name: str, about: str | None, report: Mapping[str, Any]) -> None:
    """Print what a case has measured."""
    print(f"\n{name}: {about}")
    for key, value in report.items():
        print(f"  {key:55} {value}")

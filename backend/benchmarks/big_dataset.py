"""A dataset of a million questions: ``python -m benchmarks.big_dataset``.

Imports it, imports it again, previews and runs experiments on it, reads pages, and imports a knowledge base,
while another process asks ``/health/live`` every 20 ms. Prints what each takes, beside its goal.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
from sqlalchemy import text

from app.core.database import create_engine
from benchmarks.lab import Lab, open_lab
from benchmarks.pages import fill, read_pages

_EVERY_S = 0.02
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure with its goal."""

    what: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def line(self) -> str:
        """The figure as a line of the table."""
        goal, met = "", ""
        if self.most is not None:
            goal, met = f"≤ {self.most:,.0f}", "met" if self.value <= self.most else "MISSED"
        elif self.least is not None:
            goal, met = f"≥ {self.least:,.0f}", "met" if self.value >= self.least else "MISSED"
        return f"  {self.what:58} {self.value:>10,.1f} {self.unit:7} {goal:>10} {met}"


class Memory:
    """The memory of the API and of the processes that it imports with, in MB; sampled while it is open."""

    def __init__(self) -> None:
        self._api = next(
            one
            for one in psutil.Process().children(recursive=True)
            if any("app.main:create_app" in part for part in one.cmdline())
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.before = self.api = self._resident(self._api)
        self.imports = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            self.api = max(self.api, self._resident(self._api))
            for child in self._api.children():
                self.imports = max(self.imports, self._resident(child))

    @staticmethod
    def _resident(process: psutil.Process) -> float:
        """Return what is resident of a process, without pages of files, which the system may drop."""
        try:
            memory = process.memory_info()
        except psutil.Error:
            return 0.0
        return float(memory.rss - memory.shared) / _MB


def ask_health(url: str, pipe: Connection) -> None:
    """Ask ``/health/live`` every 20 ms until the pipe says so; then send how long each answer took, in ms."""
    times = []
    with httpx.Client(trust_env=False, timeout=120) as http:
        pipe.send(True)
        while not pipe.poll():
            started = time.perf_counter()
            http.get(f"{url}/health/live").raise_for_status()
            took = time.perf_counter() - started
            times.append(took * 1000)
            time.sleep(max(0.0, _EVERY_S - took))
    pipe.send(times)


@contextmanager
def watched(lab: Lab, answers: list[float]) -> Iterator[None]:
    """Have another process ask for the API's health meanwhile; its times are added to ``answers``."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=ask_health, args=(lab.platform.url, there))
    process.start()
    here.recv()
    try:
        yield
    finally:
        here.send(True)
        answers += here.recv()
        process.join()


def write_questions(path: Path, count: int) -> float:
    """Write distinct questions as JSONL; return the size of the file in MB."""
    with path.open("w") as file:
        for i in range(count):
            row = {"question": f"What is the code of item {i} of the list?", "answer": f"A{i}", "id": f"q{i}"}
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
    return path.stat().st_size / _MB


def write_articles(path: Path, megabytes: float) -> int:
    """Write articles of some 2 kB as JSONL; return how many."""
    words = [f"word{i}" for i in range(2_000)]
    draw, count = random.Random(7), 0
    with path.open("w") as file:
        while file.tell() < megabytes * _MB:
            row = {
                "id": f"a{count}",
                "title": f"Article {count}",
                "text": " ".join(draw.choices(words, k=280)),
            }
            file.write(json.dumps(row) + "\n")
            count += 1
    return count


def upload(lab: Lab, what: str, field: str, path: Path) -> dict[str, object]:
    """Import a file under the name ``big``."""
    with path.open("rb") as file:
        files = {field: (path.name, file)}
        response = lab.http.post(f"/{what}", data={"name": "big"}, files=files, timeout=900)
    return dict(response.raise_for_status().json())


def create(lab: Lab, n: int | None, **config: Any) -> str:
    """Create an experiment on ``n`` questions, or on all; return its id."""
    body = {"name": "b", "model": "openai/fake", "dataset": {"name": "big", "n": n}, **config}
    return str(lab.http.post("/experiments", json={"config": body}).raise_for_status().json()["id"])


def seconds(action: Callable[[], object]) -> float:
    """Return how long ``action`` takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def measure_import(lab: Lab, rows: int, name: str, action: Callable[[], object]) -> list[Measured]:
    """Import something while the API is watched."""
    answers: list[float] = []
    with watched(lab, answers), Memory() as memory:
        took = seconds(action)
    return [
        Measured(f"{name}, seconds", took, "s"),
        Measured(f"{name}, rows a second", rows / took, "rows/s", least=20_000 if rows > 500_000 else None),
        Measured(f"{name}, longest answer of /health/live", max(answers), "ms", most=100),
        Measured(f"{name}, p99 of /health/live", statistics.quantiles(answers, n=100)[-1], "ms"),
        Measured(f"{name}, growth of the API's memory", memory.api - memory.before, "MB", most=30),
        Measured(f"{name}, memory of the import process", memory.imports, "MB"),
    ]


def measure_preview(lab: Lab, n: int | None, seeds: Sequence[int], most: float | None) -> Measured:
    """Preview experiments on ``n`` questions; each seed draws another sample."""
    times = []
    for seed in seeds:
        config = {"name": "p", "model": "openai/fake", "dataset": {"name": "big", "n": n}, "seed": seed}
        times.append(seconds(partial(_post, lab, "/experiments/preview", config)))
    return Measured(f"preview of {n or 'all'}, longest of {len(times)}", max(times) * 1000, "ms", most=most)


def measure_start(lab: Lab, model: str, n: int | None, most: float | None) -> Measured:
    """Start an experiment, and wait for its first stored run."""
    experiment = create(lab, n, model=model, cache=False)
    started = time.perf_counter()
    lab.start(experiment)
    while not lab.http.get(f"/results/{experiment}/runs").json()["items"]:
        if time.perf_counter() - started > 120:
            raise TimeoutError(f"{experiment} has no run after two minutes")
        time.sleep(0.05)
    took = time.perf_counter() - started
    lab.http.post(f"/experiments/{experiment}/cancel")
    lab.wait(experiment)
    return Measured(f"{model}, {n or 'all'} questions: first run stored", took, "s", most=most)


def store_runs(lab: Lab, runs: int) -> str:
    """Store the runs of an experiment on all questions, and some experiments beside it; return its id."""
    experiment = create(lab, None)
    for seed in range(60):
        create(lab, 100, seed=seed)
    asyncio.run(fill(lab.database_url, {experiment: 1}, questions=runs))
    return experiment


def measure_pages(lab: Lab, experiment: str, questions: int) -> list[Measured]:
    """Read pages of questions, of experiments, and of the runs of one of them."""
    draw, times = random.Random(1), {}
    paths = {
        "questions of the dataset": lambda: f"/datasets/big/examples?cursor={draw.randrange(questions)}",
        "datasets": lambda: "/datasets",
        "experiments": lambda: "/experiments",
        "the experiment": lambda: f"/experiments/{experiment}",
        "overview": lambda: "/overview",
    }
    for name, path in paths.items():
        ask = partial(_get, lab, path)
        times[name] = [seconds(ask) * 1000 for _ in range(100)]
    times["runs of the experiment"] = [page.ms for page in read_pages(lab, experiment, 5)]
    return [
        Measured(f"pages: {name}, p95", statistics.quantiles(all_ms, n=20)[-1], "ms", most=300)
        for name, all_ms in times.items()
    ]


def measure_export(lab: Lab, experiment: str, runs: int) -> list[Measured]:
    """Export the runs of an experiment while the API is watched."""

    def export() -> None:
        with lab.http.stream("GET", f"/results/{experiment}/export") as response:
            for _ in response.iter_bytes():
                pass

    answers: list[float] = []
    with watched(lab, answers), Memory() as memory:
        took = seconds(export)
    return [
        Measured("export, runs a second", runs / took, "rows/s"),
        Measured("export, longest answer of /health/live", max(answers), "ms", most=100),
        Measured("export, growth of the API's memory", memory.api - memory.before, "MB", most=30),
    ]


async def measure_storage(lab: Lab) -> list[Measured]:
    """Return what a row of each large table takes, with its indexes."""
    engine = create_engine(lab.database_url)
    found = []
    async with engine.connect() as connection:
        for table, what in (
            ("examples", "question"),
            ("runs", "run of these pages"),
            ("articles", "article"),
        ):
            query = f"select pg_total_relation_size('{table}') / greatest(count(*), 1) from {table}"
            size = await connection.scalar(text(query))
            found.append(Measured(f"storage of a {what}", float(size or 0), "bytes"))
    await engine.dispose()
    return found


def _post(lab: Lab, path: str, config: dict[str, Any]) -> None:
    lab.http.post(path, json={"config": config}).raise_for_status()


def _get(lab: Lab, path: Callable[[], str]) -> None:
    lab.http.get(path()).raise_for_status()


def main() -> None:
    """Measure everything, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--questions", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=200_000, help="stored for pages, one a question")
    parser.add_argument("--corpus-mb", type=float, default=50)
    arguments = parser.parse_args()
    count = arguments.questions
    runs = min(arguments.runs, count)
    with open_lab(workers=1) as lab:
        path, corpus = lab.home / "big.jsonl", lab.home / "corpus.jsonl"
        size, articles = write_questions(path, count), write_articles(corpus, arguments.corpus_mb)
        print(f"{count:,} questions, {size:.0f} MB; load of the machine {os.getloadavg()[0]:.1f}", flush=True)
        show(measure_import(lab, count, "import", partial(upload, lab, "datasets", "file", path)))
        show(measure_import(lab, count, "import again", partial(upload, lab, "datasets", "file", path)))
        show([measure_preview(lab, 100, range(5), 1_000), measure_preview(lab, None, range(2), None)])
        for model, n in (("openai/fake", 100), ("openai/fake", None), ("mock/gold", 100)):
            show([measure_start(lab, model, n, 5)])
        show(
            measure_import(lab, articles, "corpus", partial(upload, lab, "knowledge-bases", "files", corpus))
        )
        experiment = store_runs(lab, runs)
        show(measure_pages(lab, experiment, count))
        show(measure_export(lab, experiment, runs))
        show(asyncio.run(measure_storage(lab)))
    print(f"load of the machine at the end {os.getloadavg()[0]:.1f}")


def show(found: Sequence[Measured]) -> None:
    """Print figures as lines of the table."""
    print("\n".join(one.line for one in found), flush=True)


if __name__ == "__main__":
    main()

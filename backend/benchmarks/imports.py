"""Imports of other harnesses' logs: ``python -m benchmarks.imports [case …]``.

A log of Inspect with 20,000 samples, in the form of a real one, is imported over the API, and then once more.
The memory of the process that imports is watched, and of the API's where it answers by itself.
"""

import threading
import time
from typing import Any, Self

import psutil

from app.domain.json import JsonObject
from app.services.harnesses import import_worker
from benchmarks.lab import Lab, chosen_cases, open_lab, show_case
from tests.fixtures.harness_logs import Sample, inspect_log

Report = dict[str, Any]


def _samples(count: int) -> list[Sample]:
    return [
        Sample(
            f"s{number:06}",
            f"What is the code of item {number}?",
            (f"A{number}",),
            f"The code is A{number + number % 3}.",
            right=number % 3 == 0,
        )
        for number in range(count)
    ]


class _Peak:
    """The largest resident set of the processes of a module while this is entered, in MB.

    Args:
        module: that they run, as their command lines name it.
    """

    def __init__(self, module: str) -> None:
        self.mb = 0.0
        self._module = module
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.1):
            for process in psutil.Process().children(recursive=True):
                try:
                    if any(one.startswith(self._module) for one in process.cmdline()):
                        # What is mapped from the file is shared with the page cache, not taken.
                        memory = process.memory_info()
                        self.mb = max(self.mb, (memory.rss - memory.shared) / 1e6)
                except psutil.Error:
                    continue


def _timed(lab: Lab, log: bytes) -> tuple[float, JsonObject]:
    """Import a log, and return the seconds that it took, and what was answered."""
    started = time.perf_counter()
    response = lab.http.post("/imports", files={"files": ("samples.eval", log)})
    took = time.perf_counter() - started
    response.raise_for_status()
    [answer] = response.json()
    return took, answer


def _import(lab: Lab, count: int) -> Report:
    log = inspect_log(_samples(count))
    with _Peak(import_worker.__name__) as worker:
        took, first = _timed(lab, log)
    with _Peak(import_worker.__name__) as worker_again, _Peak("app.main") as api:
        again, second = _timed(lab, log)
    if (second["experiment_id"], second["created"]) != (first["experiment_id"], False):
        raise RuntimeError("the same log again has made another experiment")
    return {
        "file_mb": round(len(log) / 1e6, 1),
        "took_s": round(took, 1),
        "answers": first["answers"],
        "peak_mb": round(worker.mb),
        "again_s": round(again, 1),
        "again_peak_mb": round(worker_again.mb),  # 0: no process was started
        "again_api_peak_mb": round(api.mb),
    }


def samples_2000(lab: Lab) -> Report:
    """2,000 samples, for what the memory of 20,000 is compared with."""
    return _import(lab, 2_000)


def samples_20000(lab: Lab) -> Report:
    """20,000 samples."""
    return _import(lab, 20_000)


CASES = {case.__name__: case for case in (samples_2000, samples_20000)}


def main() -> None:
    """Run the cases named on the command line, or all."""
    names, repeat = chosen_cases(__doc__, CASES, 1)
    with open_lab() as lab:
        peaks: dict[str, list[float]] = {}
        for name in names:
            for _ in range(repeat):
                report = CASES[name](lab)
                peaks.setdefault(name, []).append(report["peak_mb"])
                show_case(name, CASES[name].__doc__, report)
    if len(peaks) == len(CASES):
        small, large = (min(peaks[name]) for name in CASES)
        print(f"\nmemory: {small} MB for 2,000 samples, {large} MB for 20,000, {large / small:.2f} times")


if __name__ == "__main__":
    main()

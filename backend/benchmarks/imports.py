"""Imports of other harnesses' logs: ``python -m benchmarks.imports [case …]``.

A log of Inspect with 20,000 samples, in the form of a real one, is imported over the API; its process is
watched.
"""

import threading
import time
from typing import Any, Self

import psutil

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
    """The largest resident set of the processes of imports, in MB."""

    def __init__(self) -> None:
        self.mb = 0.0
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
                    if "app.services.harnesses.import_worker" in process.cmdline():
                        # What is mapped from the file is shared with the page cache, not taken.
                        memory = process.memory_info()
                        self.mb = max(self.mb, (memory.rss - memory.shared) / 1e6)
                except psutil.Error:
                    continue


def _import(lab: Lab, count: int) -> Report:
    log = inspect_log(_samples(count))
    files = {"files": (f"{count}.eval", log)}
    with _Peak() as peak:
        started = time.perf_counter()
        response = lab.http.post("/imports", files=files)
        took = time.perf_counter() - started
    response.raise_for_status()
    started = time.perf_counter()
    again = lab.http.post("/imports", files=files).json()
    return {
        "file_mb": round(len(log) / 1e6, 1),
        "took_s": round(took, 1),
        "answers": response.json()[0]["answers"],
        "peak_mb": round(peak.mb),
        "again_s": round(time.perf_counter() - started, 1),
        "again_created": again[0]["created"],
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
        for name in names:
            for _ in range(repeat):
                show_case(name, CASES[name].__doc__, CASES[name](lab))


if __name__ == "__main__":
    main()

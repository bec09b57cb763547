"""Comparing two experiments of 10,000 questions over HTTP: ``python -m benchmarks.comparisons``.

The first comparison of a process also imports scipy and statsmodels; the second of the same
experiments finds its resampling done; that of others does not.
"""

import time

from benchmarks.lab import Lab, open_lab

QUESTIONS = 10_000
MODEL = "mock/gold?accuracy={accuracy}&latency_ms=0"


def compare(lab: Lab, *ids: str) -> float:
    """Return how long the comparison took, in seconds."""
    started = time.perf_counter()
    lab.http.get("/results/compare", params={"ids": list(ids)}).raise_for_status()
    return time.perf_counter() - started


def main() -> None:
    """Run four experiments, compare, and print the times."""
    with open_lab() as lab:
        lab.add_dataset("big", QUESTIONS)
        ids = []
        for accuracy in (0.6, 0.65, 0.7, 0.75):
            ids.append(lab.create("big", model=MODEL.format(accuracy=accuracy), concurrency=64))
            lab.start(ids[-1])
            lab.wait(ids[-1])
        print(f"first of the process      {compare(lab, *ids[:2]):.2f} s")
        print(f"two others                {compare(lab, *ids[2:]):.2f} s")
        print(f"the same again            {compare(lab, *ids[2:]):.2f} s")
        print(f"four experiments          {compare(lab, *ids):.2f} s")


if __name__ == "__main__":
    main()

"""Pages of runs of a large experiment: ``python -m benchmarks.pages``.

Stores 200,000 runs in one experiment, and reads pages of them over HTTP: every sort with every
filter, by following cursors from the first page to some ten thousand runs on.
"""

import argparse
import asyncio
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import text

from app.core.database import create_engine
from benchmarks.lab import Lab, open_lab

SORTS = ("order", "-order", "latency_ms", "-latency_ms", "f1", "-f1")
FILTERS = ("all", "correct", "wrong", "failed", "cached", "unscored")
QUESTIONS = 20_000

# 2 % fail, 1 % are not scored, 30 % are wrong, 10 % come from the cache; a run is about 2 kB.
_FILL = """
insert into runs (experiment_id, example_id, repeat, status, failure_kind, failure_message, output, answer,
                  parse_outcome, exact_match, contains, f1, scores, cached, attempts, latency_ms, queue_ms,
                  prompt_tokens, completion_tokens, cost_usd, calls)
select :experiment, e.id, r, case when ok then 'ok' else 'failed' end, case when not ok then 'timeout' end,
       case when not ok then 'no answer in 60 s' end, case when ok then repeat(md5(e.id::text), 8) end,
       case when ok then 'A' || e.id end, case when ok then 'answered' end,
       case when ok and luck < 0.99 then (luck > 0.3)::int end, case when ok then (luck > 0.2)::int end,
       case when ok and luck < 0.99 then greatest(luck, (luck > 0.3)::int) end,
       jsonb_build_object('exact_match', score, 'contains', score, 'f1', score), chance > 0.9, 1,
       case when ok then 100 + 900 * random() end, 1.5, 50, 20, 0.00001,
       jsonb_build_array(jsonb_build_object('messages', repeat(md5(e.id::text), 30), 'text', md5(r::text)))
from (select x.id, r, random() > 0.02 as ok, random() as luck, random() as chance
      from examples x join experiments t on t.dataset_id = x.dataset_id and t.id = :experiment,
           generate_series(0, :repeats - 1) r
      where x.position < :questions order by r, x.position) e(id, r, ok, luck, chance),
     jsonb_build_object('value', 1.0, 'reason', '') score
"""


@dataclass(frozen=True, slots=True)
class Page:
    """One page read."""

    sort: str
    where: str
    ms: float


async def fill(url: str, experiments: dict[str, int], questions: int = QUESTIONS) -> None:
    """Store runs: so many repeats of the first ``questions`` of each experiment's dataset."""
    engine = create_engine(url)
    async with engine.begin() as connection:
        for experiment, repeats in experiments.items():
            await connection.execute(
                text(_FILL), {"experiment": experiment, "repeats": repeats, "questions": questions}
            )
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with autocommit.connect() as connection:
        await connection.execute(text("vacuum analyze runs"))  # as autovacuum does within a minute
    await engine.dispose()


def read_pages(lab: Lab, experiment_id: str, depth: int) -> list[Page]:
    """Read up to ``depth`` pages of each sort with each filter, 500 runs apart."""
    pages = []
    for sort in SORTS:
        for where in FILTERS:
            cursor = ""
            for _ in range(depth):
                params = {"sort": sort, "filter": where}
                started = time.perf_counter()
                cursor = _next(lab, experiment_id, params | {"limit": "50", "cursor": cursor})
                pages.append(Page(sort, where, (time.perf_counter() - started) * 1000))
                if cursor:
                    cursor = _next(lab, experiment_id, params | {"limit": "500", "cursor": cursor})
                if not cursor:
                    break
    return pages


def _next(lab: Lab, experiment_id: str, params: dict[str, str]) -> str:
    response = lab.http.get(f"/results/{experiment_id}/runs", params=params)
    return str(response.raise_for_status().json()["next"] or "")


def _row(name: str, times: list[float]) -> str:
    p95 = statistics.quantiles(times, n=20)[-1]
    return f"  {name:12} {len(times):6} {statistics.median(times):8.1f} {p95:8.1f} {max(times):8.1f}"


def main() -> None:
    """Fill, read, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--depth", type=int, default=20, help="pages of each sort with each filter")
    arguments = parser.parse_args()
    with open_lab(workers=0) as lab:
        lab.add_dataset("big", QUESTIONS)
        big, *others = (lab.create("big", seed=seed) for seed in range(3))
        started = time.perf_counter()
        repeats = {big: arguments.runs // QUESTIONS} | dict.fromkeys(others, 1)
        asyncio.run(fill(lab.database_url, repeats))
        print(f"stored {arguments.runs} runs in {time.perf_counter() - started:.0f} s")
        pages = read_pages(lab, big, arguments.depth)
    print(f"  {'pages':12} {'n':>6} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8}")
    groups: dict[str, list[float]] = defaultdict(list)
    for page in pages:
        for name in ("all pages", f"by {page.sort}", f"{page.where} only" if page.where != "all" else "any"):
            groups[name].append(page.ms)
    for name, times in groups.items():
        print(_row(name, times))


if __name__ == "__main__":
    main()

"""What groups, slots and the prompt cache are worth: ``python -m benchmarks.batching [case …]``.

Each case runs the whole platform. ``docs/benchmarks.md`` keeps the figures.
"""

import json
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from app.core.config import PROJECT_ROOT
from benchmarks.lab import Lab, chosen_cases, open_lab, show_case

LOCAL = "local/smollm2-135m-instruct"
COUNTRIES = (
    *("France", "Japan", "Italy", "Peru", "Egypt", "Norway", "Kenya", "Cuba", "Chile", "India"),
    *("Spain", "Ghana", "Nepal", "Qatar", "Sweden", "Turkey", "Poland", "Greece", "Canada", "Mexico"),
    *("Brazil", "Austria", "Hungary", "Finland", "Ireland", "Denmark", "Iceland", "Portugal", "Morocco"),
    "Vietnam",
)
TOWNS = ("Ashford", "Brindle", "Corvale", "Dunmere", "Elstow", "Farrow")
FACTS = {
    "founder": "was founded by {0} the Elder",
    "river": "lies on the river {0}mouth",
    "export": "sells mostly {0} cloth",
    "festival": "keeps the feast of {0} in May",
    "bridge": "has a bridge that is called {0} Arch",
    "tower": "has a tower that is called {0} Watch",
}

Report = dict[str, Any]


@contextmanager
def completions_lab() -> Iterator[Lab]:
    """Give a platform with fake completion models: one that is sent lists, and one that is not."""
    catalog = yaml.safe_load((PROJECT_ROOT / "configs" / "models.yaml").read_text())
    catalog["providers"]["single"] = {**catalog["providers"]["openai"], "prompt_lists": False}
    catalog["models"] += [{"name": f"{name}/completes", "api": "completion"} for name in ("openai", "single")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "models.yaml"
        path.write_text(yaml.safe_dump(catalog))
        with open_lab(catalog=path) as lab:
            yield lab


def run(lab: Lab, dataset: str, **config: Any) -> tuple[list[Any], float]:
    """Run an experiment; return its runs, in the order of the sample, and its seconds from start to end."""
    experiment_id = lab.create(dataset, cache=False, **config)
    lab.start(experiment_id)
    ended = lab.wait(experiment_id, 1800)
    assert ended["status"] == "COMPLETED", ended["reason"]
    times = [datetime.fromisoformat(ended[name]) for name in ("started_at", "finished_at")]
    lines = lab.http.get(f"/results/{experiment_id}/export", params={"format": "jsonl"}).text.splitlines()
    return [json.loads(line) for line in lines], (times[1] - times[0]).total_seconds()


def groups(_: int) -> Report:
    """160 questions, 200 ms endpoint: groups of 16 against one call at a time."""
    modes: dict[str, dict[str, Any]] = {
        "sequential": {"model": "openai/completes", "execution": {"mode": "sequential"}},
        "groups of 16, lists": {"model": "openai/completes"},
        "groups of 16, no lists": {"model": "single/completes"},
    }
    batched = {"mode": "batched", "batch_size": 16}
    report: Report = {}
    with completions_lab() as lab:
        lab.add_dataset("questions", 160)
        for name, config in modes.items():
            lab.fake.reset(latency_ms=200)
            settings = {"concurrency": 16, "execution": batched, **config}
            took = run(lab, "questions", **settings)[1]
            stats = lab.fake.stats()
            report[f"{name}, s"] = round(took, 2)
            report[f"{name}, first call to last answer, s"] = stats["span_s"]
            report[f"{name}, calls"] = stats["requests"]
    for name in list(modes)[1:]:
        for of in ("s", "first call to last answer, s"):
            ratio = report[f"sequential, {of}"] / report[f"{name}, {of}"]
            report[f"{name}, {of.rpartition('s')[0]}times as fast"] = round(ratio, 1)
    return report


def slots(repeat: int) -> Report:
    """30 questions on the bundled model: 8 slots and groups of 8 against one call at a time."""
    modes: dict[str, dict[str, Any]] = {
        "sequential": {"execution": {"mode": "sequential"}},
        "concurrent 8": {"concurrency": 8},
        "groups of 8": {"concurrency": 8, "execution": {"mode": "batched", "batch_size": 8}},
    }
    times: dict[str, list[float]] = {name: [] for name in modes}
    answers: dict[str, list[str]] = {}
    with open_lab(local_slots=8, local_threads=threads()) as lab:
        add(lab, "capitals", [(f"What is the capital of {one}?", one) for one in COUNTRIES])
        run(lab, "capitals", model=LOCAL, params={"max_tokens": 1})  # starts the server
        for _ in range(repeat):  # in turns, so that a change of the machine's load falls on all
            for name, config in modes.items():
                runs, took = run(lab, "capitals", model=LOCAL, params={"max_tokens": 32}, **config)
                times[name].append(took)
                answers[name] = [one["output"] for one in runs]
    report: Report = {f"{name}, s": round(statistics.median(took), 1) for name, took in times.items()}
    for name in list(modes)[1:]:
        ratios = [one / other for one, other in zip(times["sequential"], times[name], strict=True)]
        report[f"{name}, times as fast"] = round(statistics.median(ratios), 2)
        report[f"{name}, same answers"] = same(answers["sequential"], answers[name])
    return report


def prefix(repeat: int) -> Report:
    """18 questions on 6 articles of some 700 tokens, RAG, bundled model: prompt cache on against off."""
    method = {"name": "rag", "knowledge_base": "towns", "variant": "hybrid", "top_k": 1}
    modes: dict[str, dict[str, Any]] = {
        "off": {"schedule": "by_prefix"},
        "on, as sampled": {"prefix_cache": True},
        "on, by prefix": {"prefix_cache": True, "schedule": "by_prefix"},
    }
    report: Report = {}
    prompt_ms: dict[str, list[float]] = {name: [] for name in modes}
    answers: dict[str, list[str]] = {}
    with open_lab(local_slots=1, local_threads=threads()) as lab:
        articles = [{"id": town, "title": town, "text": article(town)} for town in TOWNS]
        lines = "\n".join(json.dumps(one) for one in articles)
        files = {"files": ("towns.jsonl", lines)}
        lab.http.post("/knowledge-bases", data={"name": "towns"}, files=files).raise_for_status()
        facts = list(FACTS)[:3]
        add(lab, "facts", [(f"What is the {fact} of {town}?", fact) for fact in facts for town in TOWNS])
        run(lab, "facts", model=LOCAL, method=method, concurrency=1, params={"max_tokens": 1})
        for name, execution in modes.items():
            config = {"model": LOCAL, "method": method, "execution": {"mode": "sequential", **execution}}
            for _ in range(repeat):
                runs, _ = run(lab, "facts", params={"max_tokens": 1}, **config)  # little but the prompt
                prompt_ms[name].append(statistics.mean(one["model_ms"] for one in runs))
            runs, took = run(lab, "facts", params={"max_tokens": 24}, **config)
            answers[name] = [one["output"] for one in runs]
            tokens = sum(one["prompt_tokens"] for one in runs)
            report[f"{name}: prompt and one token, mean, ms"] = round(statistics.median(prompt_ms[name]))
            report[f"{name}: prompt tokens, of them from the cache"] = (
                tokens // len(runs),
                f"{sum(one['cache_read_tokens'] or 0 for one in runs) / tokens:.0%}",
            )
            report[f"{name}: whole experiment, 24 tokens an answer, s"] = round(took, 1)
    for name in list(modes)[1:]:
        ratio = statistics.median(prompt_ms["off"]) / statistics.median(prompt_ms[name])
        report[f"{name}: prompt time, times as fast"] = round(ratio, 2)
        report[f"{name}: same answers"] = same(answers["off"], answers[name])
    return report


def threads() -> int:
    """Return the threads of the model server: those of a busy machine wait for each other, and take ages."""
    return int(os.environ.get("BENCHMARK_THREADS", "0"))


def article(town: str) -> str:
    """Return a text of some 700 tokens whose first sentences state the facts."""
    facts = [f"{town} {text.format(f'{town[:3]}{fact[:3]}')}." for fact, text in FACTS.items()]
    filler = (
        f"The road to {town} was mended in the year {{}}, when the guild of the town paid for stone, and the "
        f"council of {town} wrote down what every household had to give, and who came too late."
    )
    return " ".join([*facts, *(filler.format(1500 + 7 * number) for number in range(11))])


def add(lab: Lab, name: str, pairs: list[tuple[str, str]]) -> None:
    """Add a dataset of questions and answers."""
    lines = "\n".join(json.dumps({"question": question, "answer": answer}) for question, answer in pairs)
    response = lab.http.post("/datasets", data={"name": name}, files={"file": (f"{name}.jsonl", lines)})
    response.raise_for_status()


def same(some: list[str], others: list[str]) -> str:
    """Return how many answers are identical."""
    return f"{sum(one == other for one, other in zip(some, others, strict=True))} of {len(some)}"


CASES: dict[str, Callable[[int], Report]] = {case.__name__: case for case in (groups, slots, prefix)}


def main() -> None:
    """Run the cases named on the command line, or all."""
    names, repeat = chosen_cases(__doc__, CASES, 3)
    for name in names:
        show_case(name, CASES[name].__doc__, CASES[name](repeat))


if __name__ == "__main__":
    main()

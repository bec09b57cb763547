"""From the runs of a bundle to what metrics, comparisons and scorers take."""

import hashlib
from collections.abc import Sequence

import numpy as np
import orjson

from app.domain.examples import Example
from app.domain.json import JsonObject
from app.domain.metrics import RunContext, RunFacts
from app.domain.prediction import Prediction
from app.domain.shared_expense import SharedExpense
from app.services.comparisons.pairing import QUANTITIES, RunArrays
from app.services.execution.replay import stored_prediction


def context_of(stored: JsonObject) -> RunContext:
    """Return what metrics are computed from beside the runs; ``stored`` has the fields as JSON."""
    shared = stored["shared"]
    return RunContext(
        planned=stored["planned"],
        wall_s=stored["wall_s"],
        parameters=stored["parameters"],
        seed=stored["seed"],
        shared=None if shared is None else SharedExpense(**shared),
        superseded=[RunFacts(**one) for one in stored["superseded"]],
    )


def facts_of(row: JsonObject) -> RunFacts:
    """Return what metrics are computed from; see ``RunRepository.facts``."""
    stages, trace = row["stages"], row["trace"]
    return RunFacts(
        ok=row["status"] == "ok",
        failure_kind=row["failure_kind"],
        parse_outcome=row["parse_outcome"],
        scores={name: score["value"] for name, score in (row["scores"] or {}).items()},
        trace=None if trace is None else trace["summary"],
        question=row["content_hash"],
        stages=None if stages is None else orjson.dumps(stages).decode(),
        **{name: row[name] for name in _SAME},
    )


_SAME = (
    "cached",
    "attempts",
    "latency_ms",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "model_ms",
    "paid_prompt_tokens",
    "paid_completion_tokens",
    "paid_usd",
    "cluster",
    "reasoning_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "warnings",
    "answered_calls",
    "cache_use",
)


class Columns:
    """Collects the runs of an experiment as the arrays that a comparison takes.

    Args:
        scores: that any comparison may ask for.
    """

    def __init__(self, scores: Sequence[str]) -> None:
        self._scores = scores
        self._rows: list[tuple[str, int, str, str | None, bool, int | None, str | None]] = []
        self._values: list[list[float]] = []

    def add(self, row: JsonObject) -> None:
        """Take over a run; see ``RunArraysRepository.arrays``."""
        failed = row["status"] == "failed"
        output = None if failed else _hash(row["output"] or "")
        answer = None if failed else row["answer"]
        head = (row["content_hash"], row["repeat"], row["example_key"], row["cluster"])
        self._rows.append((*head, failed, output, answer))
        self._values.append([_number(value) for value in _values(row, self._scores, failed=failed)])

    def arrays(self, scores: Sequence[str]) -> RunArrays:
        """Return the runs with these scores."""
        hashes, repeats, keys, clusters, failed, outputs, answers = zip(*self._rows, strict=True)
        values = np.array(self._values, dtype=np.float64).T
        named = dict(zip((*QUANTITIES, *self._scores), values, strict=True))
        chosen = {name: named[name] for name in (*QUANTITIES, *scores)}
        return RunArrays(hashes, repeats, keys, clusters, failed, chosen, outputs, answers)


def _hash(output: str) -> int:
    return int.from_bytes(hashlib.sha256(output.encode("utf-8", "surrogatepass")).digest()[:8])


def _values(row: JsonObject, scores: Sequence[str], *, failed: bool) -> list[float | None]:
    waits = row["retrieved"] is not None or row["trace"] is not None
    untimed = failed or row["cached"] or (row["model_ms"] is None and waits)
    tokens = (row["prompt_tokens"], row["completion_tokens"])
    found = row["scores"] or {}
    return [
        None if untimed else row["latency_ms"],
        None if failed or None in tokens else sum(tokens),
        None if failed else row["cost_usd"],
        *(found.get(name, {}).get("value") for name in scores),
    ]


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def prediction_of(row: JsonObject) -> Prediction:
    """Return what scorers judge of an answered run."""
    columns = ("output", "answer", "parse_outcome", "parse_rule", "retrieved")
    return stored_prediction(*(row[name] for name in columns))


def example_of(row: JsonObject) -> Example:
    """Return a question of a bundle's dataset."""
    return Example(row["key"], row["question"], tuple(row["answers"]), row["cluster"], row["metadata"])

"""What many tests build: valid objects, of which a test names only what it is about."""

import uuid
from typing import Any

import orjson
from hypothesis import settings

from app.domain.examples import Example
from app.domain.metrics import RunFacts
from app.domain.run import RunRecord
from app.domain.status import RunStatus
from app.schemas.experiment_config import ExperimentConfig

properties = settings(max_examples=60, deadline=None, derandomize=True)
"""Few examples and the same ones each time: a property test is quick and never flaky."""


def example(question: str = "Who wrote Hamlet?", *answers: str, **fields: Any) -> Example:
    return Example(**{"key": "1", "question": question, "answers": answers or ("Shakespeare",), **fields})


def config(**fields: Any) -> ExperimentConfig:
    return ExperimentConfig.model_validate(
        {"name": "a name", "model": "mock/hash", "dataset": {"name": "trivia_qa"}, **fields}
    )


def facts(**fields: Any) -> RunFacts:
    """Return an answered run, right in all scores."""
    values: dict[str, Any] = {
        "ok": True,
        "failure_kind": None,
        "parse_outcome": "answered",
        "scores": {"exact_match": 1.0, "f1": 1.0},
        "cached": False,
        "attempts": 1,
        "latency_ms": 100.0,
        "prompt_tokens": 20,
        "completion_tokens": 5,
        "cost_usd": 0.001,
    }
    return RunFacts(**{**values, **fields})


def failed_facts(kind: str = "timeout", **fields: Any) -> RunFacts:
    """Return a run that has no answer."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("parse_outcome", "latency_ms", "prompt_tokens", "completion_tokens", "cost_usd")
    )
    return facts(**{**nothing, "ok": False, "failure_kind": kind, "scores": {}, **fields})


def run_record(experiment_id: uuid.UUID, example_id: int = 1, repeat: int = 0, **fields: Any) -> RunRecord:
    """Return an answered run that has only what every run has."""
    values: dict[str, Any] = {"status": RunStatus.OK, "calls": [], "attempts": 1, **fields}
    return RunRecord(experiment_id, example_id, repeat, **values)


def questions_jsonl(size: int, name: str = "quiz") -> bytes:
    """Return a JSONL file of distinct questions with their answers."""
    rows = ({"question": f"What is item {i} of {name}?", "answer": f"thing {i}"} for i in range(size))
    return b"\n".join(orjson.dumps(row) for row in rows)

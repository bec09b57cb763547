"""Matrices for tests."""

import uuid
from datetime import UTC, datetime
from typing import Any

from app.schemas.matrix import MatrixCellOut, MatrixOut
from app.schemas.matrix_config import MatrixConfig

WAYS: list[dict[str, Any]] = [
    {"name": "sequential", "execution": {"mode": "sequential"}},
    {"name": "concurrent", "concurrency": 8},
    {"name": "cold", "concurrency": 8, "cache": "cold"},
    {"name": "warm", "concurrency": 8, "cache": "warm"},
]


def raw(**fields: Any) -> dict[str, Any]:
    """Return the file of a matrix of one method and four ways to run it, in two rounds."""
    return {
        "name": "Speed",
        "base": {"model": "mock/hash", "dataset": {"name": "quiz", "n": 6}, "seed": 3},
        "methods": [{"name": "naive", "method": {"name": "naive"}}],
        "optimisations": WAYS,
        "baseline": "sequential",
        "rounds": 2,
        **fields,
    }


def matrix(**fields: Any) -> MatrixConfig:
    """Return the same as a configuration."""
    return MatrixConfig.model_validate(raw(**fields))


def cell(
    optimisation: str,
    *,
    method: str = "naive",
    score: tuple[float, float, float] | None = (0.7, 0.6, 0.8),
    speed: tuple[float, float | None, float | None] | None = None,
    outcome: str = "equivalent",
    identical: float = 1.0,
    rate: tuple[float, float | None, float | None] = (2.0, 1.9, 2.1),
    **fields: Any,
) -> MatrixCellOut:
    """Return a measured cell; with ``speed``, one that is compared with the baseline."""
    against = None
    if speed is not None:
        low, high = speed[1:]
        differs = low is not None and high is not None and (low > 1 or high < 1)
        against = {
            "speed": {"value": speed[0], "low": low, "high": high, "rounds": 3, "differs": differs},
            "identical": _estimate((identical, 0.9 * identical, identical)),
            "same_outputs": None,
            "score": {
                "difference": -0.01,
                "low": -0.03,
                "high": 0.01,
                "test_low": -0.02,
                "test_high": 0.0,
                "n": 300,
                "units": 100,
                "within": outcome == "equivalent",
                "outcome": outcome,
                "sentence": f"{outcome} within 2 points",
            },
        }
    values: dict[str, Any] = {
        "method": method,
        "optimisation": optimisation,
        "state": "measured",
        "reasons": [],
        "trials": [],
        "score": _estimate(score) if score else None,
        "latency_p50_ms": 100.0,
        "latency_p95_ms": 200.0,
        "questions_per_s": {"value": rate[0], "low": rate[1], "high": rate[2], "rounds": 3},
        "tokens_per_question": 103.5,
        "usd_per_1000": 0.0,
        "hit_rate": 0.0,
        "prompt_cache_rate": None,
        "failed_runs": 0,
        "stages": [],
        "against": against,
    }
    return MatrixCellOut.model_validate({**values, **fields})


def not_run(optimisation: str, method: str = "naive") -> MatrixCellOut:
    """Return a cell of which no trial has completed."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("score", "latency_p50_ms", "latency_p95_ms", "questions_per_s", "tokens_per_question", "hit_rate")
    )
    return cell(optimisation, method=method).model_copy(
        update={**nothing, "state": "failed", "reasons": ["the server is gone"]}
    )


def matrix_out(config: MatrixConfig, cells: list[MatrixCellOut], **fields: Any) -> MatrixOut:
    """Return a matrix with these cells, of 12 trials of which 3 failed."""
    values: dict[str, Any] = {
        "id": uuid.uuid4(),
        "name": "Speed",
        "description": "",
        "model": "mock/hash",
        "dataset": "quiz",
        "questions": 6,
        "methods": [one.name for one in config.methods],
        "optimisations": [one.name for one in config.optimisations],
        "rounds": 3,
        "total": 12,
        "ended": 12,
        "failed": 3,
        "created_at": datetime(2026, 1, 2, tzinfo=UTC),
        "baseline": "sequential",
        "score": "exact_match",
        "margin": 0.02,
        "ways": [],
        "config": config.as_json(),
        "cells": cells,
        "advice": [],
        "warnings": [],
    }
    return MatrixOut(**{**values, **fields})


def _estimate(value: tuple[float, float, float]) -> dict[str, Any]:
    names = ("value", "low", "high")
    return {**dict(zip(names, value, strict=True)), "n": 300, "method": "clustered", "level": 0.95}

"""Matrices for tests."""

from typing import Any

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

"""Other harnesses whose results can be imported, and the names of their scores."""

from collections.abc import Mapping
from typing import Literal, get_args

Harness = Literal["inspect", "lm-eval", "promptfoo", "file"]
"""Where results come from; ``file``: a plain file of answers, whoever made it."""
HARNESSES: tuple[Harness, ...] = get_args(Harness)
LABELS: Mapping[Harness, str] = {
    "inspect": "Inspect",
    "lm-eval": "lm-evaluation-harness",
    "promptfoo": "promptfoo",
    "file": "a file",
}
SCORE_VERSION = 1
"""Of all their scores: their own versions are not known score by score."""

_MAX_NAME = 100


def score_name(harness: Harness, *parts: str) -> str:
    """Return the name of a harness's own score, which no score of ours can have: ``inspect.match``."""
    return ".".join([harness, *(part for part in parts if part)])[:_MAX_NAME]


def score_label(name: str) -> str | None:
    """Return what people see for a score of a harness, as ``match (Inspect)``; ``None`` for one of ours."""
    for harness in HARNESSES:
        if name.startswith(f"{harness}."):
            return f"{name.removeprefix(f'{harness}.')} ({LABELS[harness]})"
    return None

"""The formats of other harnesses.

A format is one module with a function ``write``, and one entry of ``LOG_FORMATS``.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.services.harnesses.exports import inspect_log, lm_eval, openai_evals, promptfoo
from app.services.harnesses.exports.exported import Exported, Questions

LogFormat = Literal["inspect", "lm-eval", "promptfoo", "openai-evals"]


@dataclass(frozen=True, slots=True)
class LogFile:
    """What files of a format are.

    Attributes:
        media_type: as HTTP calls it.
        ending: of their names, without a dot.
        write: yields the file.
    """

    media_type: str
    ending: str
    write: Callable[[Exported, Questions], AsyncGenerator[bytes]]


LOG_FORMATS: Mapping[LogFormat, LogFile] = {
    "inspect": LogFile("application/zip", "eval", inspect_log.write),
    "lm-eval": LogFile("application/zip", "zip", lm_eval.write),
    "promptfoo": LogFile("application/json", "json", promptfoo.write),
    "openai-evals": LogFile("application/x-ndjson", "jsonl", openai_evals.write),
}

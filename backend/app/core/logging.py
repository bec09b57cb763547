"""Structured logs on stderr: one JSON object a line, with the ids that are bound to the context.

API and worker call ``bind(experiment_id=…)``, so that all lines about one experiment can be found,
from the request to the job. Registered secrets are masked in every value.
"""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import orjson
import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor

from app.core.redaction import redact
from app.core.visible import visible


def _redact_value(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _redact_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_redact_value(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def _redact_event(_: object, __: str, event: EventDict) -> EventDict:
    return {key: _redact_value(value) for key, value in event.items()}


def _visible_event(_: object, __: str, event: EventDict) -> EventDict:
    """Show control characters in texts of others, which a terminal would obey; JSON escapes them itself."""
    return {key: visible(value) if isinstance(value, str) else value for key, value in event.items()}


def _json(event: EventDict, **_: object) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:  # a lone surrogate, or an integer of more than 64 bits
        return json.dumps(event, default=str)


def configure_logging(level: str = "INFO", fmt: str = "json") -> None:
    """Send the lines of structlog and of the standard library's loggers to stderr, in one format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    if fmt == "console":
        shared.append(_visible_event)
    renderer: Processor = (
        structlog.processors.JSONRenderer(serializer=_json)
        if fmt == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "httpx2", "httpcore2", "uvicorn.access", "rq.worker", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger; call with an event name and key-value pairs."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


@contextmanager
def bind(**values: object) -> Iterator[None]:
    """Add ``values`` to every line logged within the block."""
    with bound_contextvars(**values):
        yield

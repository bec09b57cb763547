"""Makes traces of the runs of an experiment when they are stored, and hands them to the exporter."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from app.core.config import Settings
from app.core.logging import get_logger
from app.core.redaction import register_secret
from app.domain.examples import Example
from app.domain.run import RunRecord
from app.services.tracing.spans import TracedExperiment, spans_of

if TYPE_CHECKING:
    from app.services.tracing.exporter import TraceExporter

log = get_logger(__name__)

_FLUSH_WITHIN_S = 5.0


def open_traces(settings: Settings) -> "RunTraces | None":
    """Return what sends traces; ``None`` if none is to get any, and then OpenTelemetry is not imported."""
    if not settings.otlp_endpoint or settings.tracing_disabled:
        return None
    from app.services.tracing.exporter import TraceExporter

    for pair in settings.otlp_headers.get_secret_value().split(","):
        # As in "Authorization=Basic%20…": what follows the scheme is secret.
        register_secret(unquote(pair.partition("=")[2]).strip().rpartition(" ")[2])
    return RunTraces(TraceExporter(settings.otlp_endpoint))


class RunTraces:
    """The traces of one experiment's runs.

    Args:
        exporter: takes the spans.
    """

    def __init__(self, exporter: "TraceExporter") -> None:
        self._exporter = exporter
        self._about: TracedExperiment | None = None
        self._waiting: dict[tuple[int, int], tuple[Example, int]] = {}
        self._told = False

    def begin(self, about: TracedExperiment) -> None:
        """Say which experiment the next runs are of."""
        self._about = about
        self._waiting.clear()

    def finished(self, example: Example, run: RunRecord) -> None:
        """Note when a run was complete; it is sent when it is stored."""
        self._waiting[run.example_id, run.repeat] = (example, time.time_ns())

    def stored(self, runs: Iterable[RunRecord]) -> None:
        """Send runs, which are stored now; a defect in this is no reason to fail them."""
        for run in runs:
            example, ended_ns = self._waiting.pop((run.example_id, run.repeat), (None, 0))
            if example is None or self._about is None:
                continue
            identity = f"{self._about.id}:{run.example_id}:{run.repeat}:{ended_ns}"
            try:
                self._exporter.send(identity, spans_of(self._about, example, run, ended_ns))
            except Exception:
                if not self._told:
                    self._told = True
                    log.exception("run_not_traced", example=example.key)

    def close(self) -> None:
        """Send what is left, for some seconds at most."""
        self._exporter.close(_FLUSH_WITHIN_S)

"""Sends spans to a collector beside the work: from a bounded queue, in batches, by a thread of its own.

What a collector does not take is lost, and counted. A run never waits for it.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Sequence
from importlib.metadata import version
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from app.core.logging import get_logger
from app.core.redaction import redact
from app.services.tracing.spans import RunSpan

log = get_logger(__name__)

_QUEUED_SPANS = 8_192
"""In memory at most, unless ``OTEL_BSP_MAX_QUEUE_SIZE`` says otherwise; the oldest are dropped."""
_SCOPE = InstrumentationScope("llmforge", version("llmforge"))
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class TraceExporter:
    """Takes the spans of runs, and sends them; whoever opened it closes it.

    Args:
        endpoint: of the collector, for messages; the exporter reads its settings from the environment.
    """

    def __init__(self, endpoint: str) -> None:
        self._sender = _CountingExporter(OTLPSpanExporter(), _without_credentials(endpoint))
        given = "OTEL_BSP_MAX_QUEUE_SIZE" in os.environ
        self._queue = BatchSpanProcessor(self._sender, None if given else _QUEUED_SPANS)
        self._resource = _resource()
        self._handed = 0

    @property
    def lost(self) -> int:
        """Spans that were handed over and not taken; exact once this is closed."""
        return self._handed - self._sender.taken

    def send(self, identity: str, spans: Sequence[RunSpan]) -> None:
        """Put the spans of one run into the queue.

        Args:
            identity: decides the ids, which are the same if the same is sent twice.
            spans: the first is the parent of the others.
        """
        digest = hashlib.sha256(identity.encode()).digest()
        trace_id = int.from_bytes(digest[:16])
        root: SpanContext | None = None
        for number, span in enumerate(spans):
            span_id = int.from_bytes(hashlib.sha256(digest + number.to_bytes(4)).digest()[:8])
            context = SpanContext(trace_id, span_id, is_remote=False, trace_flags=_SAMPLED)
            self._queue.on_end(self._readable(span, context, root))
            root = root or context
        self._handed += len(spans)

    def _readable(self, span: RunSpan, context: SpanContext, parent: SpanContext | None) -> ReadableSpan:
        return ReadableSpan(
            span.name,
            context,
            parent,
            self._resource,
            span.attributes,
            [Event(event.name, event.attributes, span.window.end_ns) for event in span.events],
            kind=SpanKind.CLIENT if span.is_call else SpanKind.INTERNAL,
            status=Status(StatusCode.OK) if span.error is None else Status(StatusCode.ERROR, span.error),
            start_time=span.window.start_ns,
            end_time=span.window.end_ns,
            instrumentation_scope=_SCOPE,
        )

    def close(self, within_s: float) -> None:
        """Send what is in the queue, for so many seconds at most; what is left then is lost."""
        # By itself it would wait half a minute for a collector that does not answer.
        closing = threading.Thread(target=self._queue.shutdown, name="traces-close", daemon=True)
        closing.start()
        closing.join(within_s)
        self._sender.close()
        if self.lost:
            log.warning("traces_lost", spans=self.lost, of=self._handed, collector=self._sender.collector)


class _CountingExporter(SpanExporter):
    """Counts what the collector takes, and says once if it does not.

    Attributes:
        collector: its address, for messages.
        taken: spans that it has taken.
    """

    def __init__(self, inner: OTLPSpanExporter, collector: str) -> None:
        self._inner = inner
        self.collector = collector
        self.taken = 0
        self._told = self._closed = False
        logging.getLogger("opentelemetry").addHandler(_REASONS)
        logging.getLogger("opentelemetry").propagate = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; a failure is told by the result."""
        result = self._inner.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.taken += len(spans)
        elif not self._told:
            self._told = True
            log.warning(
                "traces_not_taken",
                collector=self.collector,
                reason=redact(_REASONS.text),
                hint="Does a collector listen at OTEL_EXPORTER_OTLP_ENDPOINT? Runs are stored without it.",
            )
        return result

    def shutdown(self) -> None:
        """Close the connection, after the last batch."""
        self.close()

    def close(self) -> None:
        """Give up what is being sent, and close the connection."""
        if not self._closed:
            self._closed = True
            self._inner.shutdown()  # type: ignore[no-untyped-call]


class _LastMessage(logging.Handler):
    """Keeps the last message of OpenTelemetry's own loggers, which would fill the log with repetitions."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.text = record.getMessage()


_REASONS = _LastMessage()


def _resource() -> Resource:
    """Return what tells who sends: by default LlmForge, or what ``OTEL_RESOURCE_ATTRIBUTES`` says."""
    ours = {
        "service.name": "llmforge",
        "service.version": version("llmforge"),
        "openinference.project.name": "llmforge",
    }
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})


def _without_credentials(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

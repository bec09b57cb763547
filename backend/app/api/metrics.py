"""``GET /metrics`` for Prometheus: requests, the process, and the platform as the database knows it.

Labels have few values: a route is named by its template and never by its path, so that no id and nothing that
a client makes up becomes a series of its own.
"""

import time
from collections.abc import Iterator
from functools import cached_property

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.dashboard import is_dashboard
from app.domain.status import ExperimentStatus
from app.services.monitoring.figures import Figures, FiguresCache

router = APIRouter(tags=["metrics"])

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The metrics of one API process.

    Args:
        routes_of: the application with the routes; they are read at the first request.

    Attributes:
        figures: of the platform; ``None`` while the process has no database.
    """

    def __init__(self, routes_of: FastAPI) -> None:
        self._routes_of = routes_of
        self.registry = CollectorRegistry()
        self.figures: FiguresCache | None = None
        self._platform = _PlatformCollector()
        self.registry.register(self._platform)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._requests = Counter(
            "llmforge_http_requests",
            "Answered requests.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._latency = Histogram(
            "llmforge_http_request_duration_seconds",
            "Time until the answer begins.",
            ("method", "route"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one request.

        Args:
            scope: of the request, after the router has seen it.
            status: of the answer.
            seconds: until the answer began.
        """
        method = scope["method"] if scope["method"] in _METHODS else "other"
        key = (method, self._route_of(scope), status)
        children = self._children.get(key)
        if children is None:
            labels = (key[0], key[1], str(status))
            children = (self._requests.labels(*labels), self._latency.labels(*labels[:2]))
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)
        if method not in _SAFE_METHODS and self.figures is not None:
            self.figures.note_change()

    def _route_of(self, scope: Scope) -> str:
        """Return the template of the route that answers."""
        path = self._templates.get(scope.get("endpoint"))
        if path is not None:
            return path
        return "dashboard" if is_dashboard(scope) else "none"

    @cached_property
    def _templates(self) -> dict[object, str]:
        # A route knows its path only below its router.
        found = iter_route_contexts(self._routes_of.routes)
        return {route.endpoint: route.path for route in found if route.path and route.endpoint}

    async def exposition(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        if self.figures is not None:
            self._platform.show(await self.figures.current(), self.figures)
        return generate_latest(self.registry)


class _PlatformCollector(Collector):
    """Gives out the figures that were read last."""

    def __init__(self) -> None:
        self._figures = Figures()
        self._database_up, self._read_at = False, 0.0

    def show(self, figures: Figures, cache: FiguresCache) -> None:
        self._figures = figures
        self._database_up, self._read_at = cache.database_up, cache.read_at

    def collect(self) -> Iterator[Metric]:
        figures, work = self._figures, self._figures.work
        experiments = GaugeMetricFamily("llmforge_experiments", "Experiments by status.", labels=["status"])
        for status in ExperimentStatus:
            experiments.add_metric([status.value.lower()], figures.by_status.get(status, 0))
        yield experiments
        for name, about, value in (
            ("llmforge_runs", "Stored runs of all experiments, failed ones included.", figures.runs),
            ("llmforge_runs_failed", "Stored runs that failed.", figures.failed),
            ("llmforge_experiments_queued", "Experiments that wait for a worker.", work.queued),
            ("llmforge_calls_in_flight", "Model calls that wait for their answer.", work.in_flight),
            ("llmforge_executors", "Executors at work on experiments.", work.executors),
            ("llmforge_workers", "Registered worker processes, idle ones included.", work.workers),
            (
                "llmforge_database_up",
                "Whether the database answered when it was last asked.",
                self._database_up,
            ),
            ("llmforge_figures_read_timestamp_seconds", "When these figures were read.", self._read_at),
        ):
            yield GaugeMetricFamily(name, about, value=float(value))


class MetricsMiddleware:
    """Counts requests; the outermost middleware, so that it sees what the others refuse."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, and count it when its answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.count(scope, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, counted)


@router.get("/metrics", include_in_schema=False)
async def get_metrics(request: Request) -> Response:
    """Return the metrics; not by the usual means, which would count as somebody who is there."""
    metrics: Metrics = request.app.state.metrics
    return Response(await metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

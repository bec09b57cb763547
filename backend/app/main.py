"""The API's process: ``uvicorn app.main:create_app --factory``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware

from app.api import (
    bundles,
    comparisons,
    datasets,
    experiments,
    gates,
    imports,
    knowledge,
    labels,
    matrices,
    overview,
    reports,
    results,
    scores,
    scorings,
    spending,
    storage,
    system,
    views,
)
from app.api.dashboard import Dashboard
from app.api.errors import CrashMiddleware, install_error_handlers
from app.api.guide import Guide
from app.api.methods import MethodsMiddleware
from app.api.metrics import Metrics, MetricsMiddleware
from app.api.metrics import router as metrics_router
from app.api.reference import add_reference
from app.api.security import SecurityMiddleware
from app.api.start_errors import StartErrorsMiddleware
from app.core.config import Settings, get_settings
from app.core.logging import configure_logging, get_logger
from app.core.migrations import migrate_at_start
from app.core.origins import frame_ancestors_of
from app.services.backup.upgrades import before_upgrade
from app.services.datasets.service import DatasetService
from app.services.execution.attention import Attention
from app.services.execution.recovery import look_after_lost
from app.services.experiments.events import ExperimentWatcher
from app.services.experiments.provenance import code_version
from app.services.imports.process import ImportProcesses
from app.services.knowledge.indexes import KnowledgeIndexes
from app.services.knowledge.service import KnowledgeService
from app.services.monitoring.database_health import DatabaseHealth
from app.services.monitoring.figures import FiguresCache
from app.services.monitoring.queue_health import QueueHealth
from app.services.notifications.sender import WebhookSender
from app.services.report.drawing import Drawings
from app.services.runtime import Runtime, open_runtime

log = get_logger(__name__)

_DESCRIPTION = """
A lab for choosing how to use a language model, with evidence.

An *experiment* (model, method, dataset, parameters, seed) is created and run, and gives a *result*:
scores with intervals, latency, tokens, cost, and every call as it was sent and answered.
All errors have the same body (`ErrorBody`): what happened, what to do, and which fields are wrong.
A method that a path does not have is answered with 405; the header `Allow` names those that it has.
"""

_V1_ROUTERS = (
    overview.router,
    experiments.router,
    views.router,
    results.router,
    scores.router,
    scorings.router,
    datasets.router,
    knowledge.router,
    comparisons.router,
    labels.router,
    gates.router,
    imports.router,
    matrices.router,
    reports.router,
    bundles.router,
    system.models_router,
    storage.router,
    spending.router,
)


def _start_background(runtime: Runtime, attention: Attention) -> list[asyncio.Task[None]]:
    sender = WebhookSender(runtime)
    tasks = [asyncio.create_task(look_after_lost(runtime, attention, after_look=sender.wake))]
    if runtime.settings.has_webhook:
        tasks.append(asyncio.create_task(sender.run()))
    return tasks


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application.

    Raises:
        SystemExit: if the settings would expose the API to the network, or to any web page, without a key.
    """
    settings = settings or get_settings()
    configure_logging(settings.log_level, settings.log_format)
    _require_key_on_network(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime = open_runtime(settings)
        runtime.models()  # report a broken catalog now, not at the first request
        await migrate_at_start(runtime.engine, before_upgrade(settings))
        await _add_builtins(runtime)
        app.state.runtime, app.state.imports = runtime, ImportProcesses(settings)
        app.state.indexes = indexes = KnowledgeIndexes(runtime)
        app.state.database_health = DatabaseHealth(runtime)
        app.state.queue_health = QueueHealth(runtime)
        app.state.drawings = Drawings()
        app.state.watcher = watcher = ExperimentWatcher(runtime)
        metrics.figures = FiguresCache(runtime)
        app.state.attention = attention = Attention()
        background = _start_background(runtime, attention)
        log.info("api_started", version=code_version().version)
        if settings.ephemeral:
            log.warning("data_is_lost_at_restart", hint="Set DATABASE_URL to keep it.")
        try:
            yield
        finally:
            await _stop(background)
            metrics.figures = None
            await watcher.aclose()
            await indexes.aclose()
            await runtime.aclose()

    app = FastAPI(
        title="LlmForge",
        version=str(code_version().version),
        description=_DESCRIPTION,
        lifespan=lifespan,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    frame_ancestors = frame_ancestors_of(settings.frame_ancestors)
    add_reference(app, frame_ancestors)
    install_error_handlers(app)
    app.state.metrics = metrics = Metrics(routes_of=app)
    _add_middleware(app, settings)
    _add_routers(app)
    # Not a route, which would take precedence over redirects of paths with a trailing slash.
    app.router.default = Dashboard(
        settings.dashboard_dir, frame_ancestors, Guide(settings.guide_dir, frame_ancestors)
    )
    return app


def _add_routers(app: FastAPI) -> None:
    v1 = APIRouter(prefix="/api/v1")
    for router in _V1_ROUTERS:
        v1.include_router(router)
    app.include_router(v1)
    app.include_router(system.health_router)
    app.include_router(metrics_router)


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add what stands before the routes; what is added last sees a request first."""
    app.add_middleware(CrashMiddleware)
    app.add_middleware(MethodsMiddleware, routes_of=app)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(SecurityMiddleware, settings=settings)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=sorted(settings.cors.exact),
        allow_origin_regex=settings.cors.pattern,
        allow_methods=["*"],
        allow_headers=["authorization", "content-type", "x-api-key"],
        expose_headers=["location", "content-disposition"],
    )
    app.add_middleware(StartErrorsMiddleware)
    app.add_middleware(MetricsMiddleware, metrics=app.state.metrics)


def _require_key_on_network(settings: Settings) -> None:
    if not settings.is_loopback and not settings.access_keys:
        raise SystemExit(
            f"LLMFORGE_HOST is {settings.host}, which other machines can reach, but no API key is set. "
            "Set LLMFORGE_API_KEY or LLMFORGE_API_KEYS, or leave LLMFORGE_HOST at 127.0.0.1."
        )
    if "*" in settings.cors.exact and not settings.access_keys:
        raise SystemExit(
            "LLMFORGE_CORS_ORIGINS is *, so any web page could read everything, but no API key is set. "
            "List the origins, or set LLMFORGE_API_KEY."
        )


async def _add_builtins(runtime: Runtime) -> None:
    async with runtime.sessions() as session:
        await DatasetService(session).add_builtins(runtime.settings.datasets_dir)
        await KnowledgeService(session).add_builtin(runtime.settings.knowledge_dir)

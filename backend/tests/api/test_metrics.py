"""Metrics for Prometheus: what they count, what they cost, and that a sleeping database sleeps on."""

import time
import uuid
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import event, text
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.metrics import Metrics, MetricsMiddleware
from app.core.config import Settings, get_settings
from app.services.monitoring.figures import FiguresCache
from app.services.runtime import Runtime, open_runtime
from tests.api.conftest import EXPERIMENTS, Steps, problem
from tests.support import create

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(api: httpx.AsyncClient, **headers: str) -> Samples:
    response = await api.get("/metrics", headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0.0)


async def test_requests_by_route(steps: Steps) -> None:
    before = await scrape(steps.api)
    for _ in range(3):
        await steps.api.get(f"{EXPERIMENTS}/{uuid.uuid4()}")
    await steps.api.post(EXPERIMENTS, json={})
    await steps.api.get("/some/page")
    await steps.api.request("PROPFIND", "/api/coffee")
    after = await scrape(steps.api)

    def more(method: str, route: str, status: str) -> float:
        labels = {"method": method, "route": route, "status": status}
        return value(after, "llmforge_http_requests_total", **labels) - value(
            before, "llmforge_http_requests_total", **labels
        )

    assert more("GET", "/api/v1/experiments/{experiment_id}", "404") == 3
    assert more("POST", "/api/v1/experiments", "422") == 1
    assert more("GET", "dashboard", "404") == 1
    assert more("other", "none", "404") == 1
    name = "llmforge_http_request_duration_seconds_count"
    assert value(after, name, method="GET", route="/api/v1/experiments/{experiment_id}") >= 3


async def test_paths_make_no_labels(steps: Steps) -> None:
    await scrape(steps.api)
    count = len(await scrape(steps.api))
    for _ in range(20):
        made_up = uuid.uuid4().hex
        for path in (f"/{made_up}", f"/api/{made_up}", f"/api/v1/datasets/{made_up}", f"/docs/{made_up}"):
            await steps.api.get(path)
            await steps.api.request("PROPFIND", path)
    assert len(await scrape(steps.api)) - count < 150  # a histogram has 15 series for each route and method


async def test_the_platform(steps: Steps) -> None:
    before = await scrape(steps.api)
    await steps.run()
    await steps.create()
    cache: FiguresCache = FiguresCache(steps.runtime)
    figures = await cache.current()
    assert (figures.by_status, figures.runs, figures.failed) == ({"COMPLETED": 1, "PENDING": 1}, 20, 0)
    assert cache.database_up
    assert {("llmforge_experiments", frozenset({("status", "completed")}))} <= set(before)
    assert value(before, "llmforge_database_up") == 1
    assert value(before, "process_resident_memory_bytes") > 1e6


async def test_executors_at_work(steps: Steps) -> None:
    experiment = await steps.create()
    await steps.start(experiment)
    async with steps.runtime.engine.begin() as connection:
        for age in ("0 s", "1 h"):
            await connection.execute(
                text(
                    "insert into executors (id, experiment_id, worker, slots, gauges, heartbeat_at) values "
                    f"(gen_random_uuid(), :id, 'w', 4, '{{\"in_flight\": 3}}', now() - interval '{age}')"
                ),
                {"id": uuid.UUID(experiment)},
            )
    work = (await FiguresCache(steps.runtime).current()).work
    assert (work.queued, work.executors, work.in_flight) == (1, 1, 3)


class TestSleepingDatabase:
    @pytest.fixture
    def statements(self, runtime: Runtime) -> Iterator[list[str]]:
        seen: list[str] = []

        def keep(_: object, __: object, statement: str, *___: object) -> None:
            seen.append(statement)

        event.listen(runtime.engine.sync_engine, "before_cursor_execute", keep)
        yield seen
        event.remove(runtime.engine.sync_engine, "before_cursor_execute", keep)

    async def looks(self, cache: FiguresCache, statements: list[str]) -> bool:
        statements.clear()
        await cache.current()
        return bool(statements)

    async def test_is_asked_only_when_something_may_have_changed(
        self, runtime: Runtime, statements: list[str]
    ) -> None:
        now = 0.0
        cache = FiguresCache(runtime, clock=lambda: now)
        assert await self.looks(cache, statements)
        now = 3600.0  # an hour of scrapes
        assert not await self.looks(cache, statements)
        cache.note_change()
        assert await self.looks(cache, statements)
        cache.note_change()
        now += 5
        assert not await self.looks(cache, statements)  # a moment ago
        now += 6
        assert await self.looks(cache, statements)
        now += 6 * 3600
        assert await self.looks(cache, statements)  # another API may have changed something

    async def test_while_experiments_run(self, runtime: Runtime, dataset: str, statements: list[str]) -> None:
        now = 0.0
        cache = FiguresCache(runtime, clock=lambda: now)
        await create(runtime)
        for status, pause_s in (("PENDING", 601), ("RUNNING", 11)):
            async with runtime.engine.begin() as connection:
                await connection.execute(text(f"update experiments set status = '{status}'"))
            cache.note_change()
            now += 11
            assert await self.looks(cache, statements)
            now += pause_s - 2
            assert not await self.looks(cache, statements)
            now += 2
            assert await self.looks(cache, statements)

    async def test_one_that_is_away_leaves_the_old_figures(self, settings: Settings) -> None:
        gone = settings.model_copy(update={"database_url": SecretStr("postgresql://u:p@127.0.0.1:1/x")})
        runtime = open_runtime(gone)
        metrics = Metrics(FastAPI())
        metrics.figures = FiguresCache(runtime)
        assert b"llmforge_database_up 0.0" in await metrics.exposition()
        await runtime.aclose()


class TestKey:
    @pytest.fixture
    def settings(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setenv("LLMFORGE_API_KEYS", "prometheus:read:0123456789abcdef")
        get_settings.cache_clear()
        return get_settings()

    async def test_is_needed(self, api: httpx.AsyncClient) -> None:
        problem(await api.get("/metrics"), 401)
        samples = await scrape(api, authorization="Bearer 0123456789abcdef")
        labels = {"method": "GET", "route": "none", "status": "401"}
        assert value(samples, "llmforge_http_requests_total", **labels) == 1


async def test_what_a_request_costs() -> None:
    app = FastAPI()

    @app.get("/one")
    def one() -> None: ...

    async def answer(scope: Scope, _: Receive, send: Send) -> None:
        scope["endpoint"] = one
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(_: Message) -> None: ...

    async def receive() -> Message:
        return {}

    async def time_of(asgi: ASGIApp, number: int = 1_000) -> float:
        began = time.perf_counter()
        for _ in range(number):
            await asgi({"type": "http", "method": "GET", "path": "/one"}, receive, send)
        return (time.perf_counter() - began) / number

    counted = MetricsMiddleware(answer, Metrics(app))
    assert min([await time_of(counted) - await time_of(answer) for _ in range(20)]) < 20e-6

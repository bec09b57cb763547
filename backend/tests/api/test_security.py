"""Who may talk to the API, and that no secret gets out of it."""

import asyncio
import hmac
import logging
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.core.config import Settings, get_settings
from app.core.embedded.postgres import EmbeddedPostgres
from app.main import create_app
from app.models import Base
from app.services.runtime import Runtime
from tests.api.conftest import EXPERIMENTS, RESULTS, Steps, body, problem

KEY = "a-long-key-of-this-platform"
MODEL_KEY = "sk-planted-5ecret-of-the-provider"
PASSWORD = "planted-pässword-of-postgres"
UUID = uuid.UUID(int=7)


class TestKey:
    @pytest.fixture
    def settings(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setenv("LLMFORGE_API_KEY", KEY)
        get_settings.cache_clear()
        return get_settings()

    async def test_every_route_needs_it(self, api: httpx.AsyncClient, settings: Settings) -> None:
        paths = create_app(settings).openapi()["paths"]
        calls = [(method, path) for path, methods in paths.items() for method in methods]
        calls.remove(("get", "/health/live"))
        assert len(calls) >= 18
        calls += [("get", path) for path in ("/redoc", "/openapi.json", "/api/nothing")]
        calls += [("post", "/health/live"), ("get", "/health/live/"), ("get", "/health/live.svgx")]
        for method, path in calls:
            concrete = path.format(
                **dict.fromkeys(
                    ("experiment_id", "matrix_id", "comparison_id", "view_id", "budget_id"), UUID
                ),
                run_id=1,
                name="quiz",
            )
            response = await api.request(method.upper(), concrete)
            assert response.status_code == 401, (method, path)
            if method != "head":
                assert problem(response, 401)["code"] == "unauthorized"

    async def test_a_probe_needs_none_and_learns_nothing(self, api: httpx.AsyncClient) -> None:
        live = await api.get("/health/live")
        assert (live.status_code, live.json()) == (200, {"status": "ok"})
        image = await api.get("/health/live.svg")
        assert (image.status_code, image.headers["content-type"]) == (200, "image/svg+xml")
        assert image.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}])
    async def test_a_page_of_another_origin_needs_it(self, steps: Steps, headers: dict[str, str]) -> None:
        steps.api.headers["origin"] = "https://evil.example"
        response = await steps.api.post(EXPERIMENTS, json=body(), headers=headers)
        assert "access-control-allow-origin" not in response.headers
        problem(response, 401)

    async def test_a_proxy_may_change_the_host_name(self, steps: Steps) -> None:
        headers = {"x-api-key": KEY, "origin": "https://you-llmforge.hf.space", "host": "10.0.0.7:7860"}
        assert (await steps.api.post(EXPERIMENTS, json=body(), headers=headers)).status_code == 201

    @pytest.mark.parametrize(
        "headers",
        [
            {"authorization": f"Bearer {KEY}"},
            {"authorization": f"bearer  {KEY}"},
            {"x-api-key": KEY},
            {"x-api-key": KEY, "host": "somewhere.example"},
        ],
    )
    async def test_right(self, api: httpx.AsyncClient, headers: dict[str, str]) -> None:
        assert (await api.get("/api/v1/models", headers=headers)).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"authorization": KEY},
            {"authorization": f"Basic {KEY}"},
            {"authorization": "Bearer"},
            {"authorization": f"Bearer {KEY}x"},
            {"authorization": f"Bearer {KEY[:-1]}"},
            {"authorization": f"Bearer {KEY.upper()}"},
            {"x-api-key": ""},
            {"cookie": f"x-api-key={KEY}"},
        ],
    )
    async def test_wrong(self, api: httpx.AsyncClient, headers: dict[str, str]) -> None:
        error = problem(await api.get("/api/v1/models", headers=headers), 401)
        assert KEY not in orjson.dumps(error).decode()

    async def test_not_in_the_address(self, api: httpx.AsyncClient) -> None:
        problem(await api.get("/api/v1/models", params={"api_key": KEY, "x-api-key": KEY}), 401)

    async def test_event_stream(self, api: httpx.AsyncClient, dataset: str) -> None:
        headers = {"x-api-key": KEY}
        experiment_id = (await api.post(EXPERIMENTS, json=body(), headers=headers)).json()["id"]
        path = f"{EXPERIMENTS}/{experiment_id}"
        await api.post(f"{path}/cancel", headers=headers)
        problem(await api.get(f"{path}/events"), 401)
        response = await api.get(f"{path}/events", headers=headers)
        assert (response.status_code, b"CANCELLED" in response.content) == (200, True)

    async def test_compared_in_constant_time(
        self, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[tuple[bytes, bytes]] = []
        compare = hmac.compare_digest

        def spy(given: bytes, right: bytes) -> bool:
            seen.append((given, right))
            return compare(given, right)

        monkeypatch.setattr("app.api.security.hmac.compare_digest", spy)
        problem(await api.get("/health", headers={"x-api-key": "wrong"}), 401)
        assert seen == [(b"wrong", KEY.encode())]

    async def test_preflight_needs_none(self, api: httpx.AsyncClient) -> None:
        headers = {"origin": "https://dash.example", "access-control-request-method": "POST"}
        assert (await api.options(EXPERIMENTS, headers=headers)).status_code != 401
        problem(await api.options(EXPERIMENTS, headers={"origin": "https://dash.example"}), 401)


class TestHost:
    @pytest.mark.parametrize(
        "host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "LOCALHOST"]
    )
    async def test_loopback(self, api: httpx.AsyncClient, host: str) -> None:
        assert (await api.get("/health/live", headers={"host": host})).status_code == 200

    @pytest.mark.parametrize(
        "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:8000"]
    )
    async def test_foreign(self, api: httpx.AsyncClient, host: str) -> None:
        error = problem(await api.get("/health/live", headers={"host": host}), 403)
        assert "LLMFORGE_ALLOWED_HOSTS" in error["hint"]

    async def test_allowed_by_setting(self, settings: Settings) -> None:
        allowed = settings.model_copy(update={"allowed_hosts": "lab.example, other.example"})
        transport = httpx.ASGITransport(app=create_app(allowed))
        async with httpx.AsyncClient(transport=transport, base_url="http://lab.example") as client:
            assert (await client.get("/health/live")).status_code == 200
            assert (await client.get("http://evil.example/health/live")).status_code == 403


class TestOpenDoor:
    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "lab.example"])
    def test_refuses_to_start_without_a_key(self, settings: Settings, host: str) -> None:
        with pytest.raises(SystemExit, match="LLMFORGE_API_KEY"):
            create_app(settings.model_copy(update={"host": host}))

    def test_refuses_to_let_every_page_read_without_a_key(self, settings: Settings) -> None:
        open_to_all = settings.model_copy(update={"cors_origins": "*"})
        with pytest.raises(SystemExit, match="any web page could read everything"):
            create_app(open_to_all)
        create_app(open_to_all.model_copy(update={"api_key": SecretStr(KEY)}))

    def test_starts_with_a_key(self, settings: Settings) -> None:
        create_app(settings.model_copy(update={"host": "0.0.0.0", "api_key": SecretStr(KEY)}))


@pytest.fixture
async def echoing() -> AsyncIterator[str]:
    """An OpenAI-compatible server that repeats the Authorization header wherever it can."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        asked = (await request.json())["messages"][-1]["content"]
        leak = f"You sent {request.headers['authorization']}."
        response: Response = JSONResponse({"error": {"message": leak, "code": leak, "type": leak}}, 400)
        if "item 1" not in asked:
            choice = {"message": {"role": "assistant", "content": leak}, "finish_reason": leak}
            response = JSONResponse(
                {
                    "choices": [choice],
                    "model": leak,
                    "system_fingerprint": leak,
                    "usage": {"prompt_tokens": 1, "completion_tokens": 1},
                }
            )
        await response(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    server.should_exit = True
    await task


def set_password(postgres: EmbeddedPostgres, password: str) -> None:
    done = postgres._psql("llmforge", f"alter role llmforge password '{password}'")
    assert done.returncode == 0, done.stderr
    postgres.data_dir.with_name(f"{postgres.data_dir.name}.password").write_text(password)


class TestPlantedSecrets:
    @pytest.fixture
    def settings(
        self, settings: Settings, postgres: EmbeddedPostgres, echoing: str, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Settings]:
        own = postgres.password
        url = postgres.url.replace(own, "planted-p%C3%A4ssword-of-postgres")
        set_password(postgres, PASSWORD)
        planted = {
            "LLMFORGE_API_KEY": KEY,
            "DATABASE_URL": url,
            "OPENAI_API_KEY": MODEL_KEY,
            "OPENAI_BASE_URL": echoing,
            "LLMFORGE_LOG_LEVEL": "DEBUG",
        }
        for name, value in planted.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        yield get_settings()
        set_password(postgres, own)

    @pytest.fixture
    def logged(self, tmp_path: Path) -> Iterator[list[str]]:
        """All lines that the application writes from now on, as its own handler forms them."""
        lines: list[str] = []
        root = logging.getLogger()

        class Keeper(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if root.handlers:
                    lines.append(root.handlers[0].format(record))

        keeper = Keeper()
        kept = list(root.handlers)
        names = ("app", "uvicorn", "aiohttp")
        for name in names:
            logging.getLogger(name).addHandler(keeper)
        yield lines
        for name in names:
            logging.getLogger(name).removeHandler(keeper)
        root.handlers = kept

    async def test_occur_nowhere(self, logged: list[str], steps: Steps, runtime: Runtime) -> None:
        steps.api.headers["x-api-key"] = KEY
        log = logging.getLogger("app.test")
        experiment_id = await steps.run(model="openai/gpt-4o-mini", max_failed_share=1)
        log.warning("%s %s %s", KEY, MODEL_KEY, PASSWORD)
        answers = [
            await steps.api.post(EXPERIMENTS, json=body(model=f"openai/{MODEL_KEY}/{KEY} x\0")),
            await steps.api.post(EXPERIMENTS, json=body(**{MODEL_KEY: 1})),
            await steps.api.get(f"/api/v1/datasets/{PASSWORD}"),
            await steps.api.get(EXPERIMENTS, params={"sort": KEY}),
            await steps.api.get(EXPERIMENTS, headers={"x-api-key": "wrong"}),
            await steps.api.get(f"{RESULTS}/{experiment_id}"),
            await steps.api.get(f"{RESULTS}/{experiment_id}/runs"),
            await steps.api.get("/health"),
            await steps.api.get("/api/v1/models"),
        ]
        exports = [
            await steps.api.get(f"{RESULTS}/{experiment_id}/export", params={"format": fmt})
            for fmt in ("json", "jsonl", "csv")
        ]
        places = {
            "rows": await dump(runtime),
            "logs": "\n".join(logged),
            "answers": "".join(answer.text for answer in answers),
            "exports": "".join(export.text for export in exports),
        }
        # The search would find them: the masked texts did pass through each place.
        assert all("[redacted]" in found for found in places.values()), places
        assert "experiment_ended" in places["logs"]
        runs = (await steps.get(f"{RESULTS}/{experiment_id}/runs"))["items"]
        assert {run["status"] for run in runs} == {"ok", "failed"}
        for place, found in places.items():
            for secret in (KEY, MODEL_KEY, PASSWORD, "planted-p%C3%A4ssword"):
                assert secret not in found, (place, secret)


async def dump(runtime: Runtime) -> str:
    """Return every row of every table as text."""
    parts = []
    async with runtime.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            rows = await connection.execute(text(f"select t::text from {table.name} t"))
            parts += [str(row[0]) for row in rows]
    assert len(parts) > 40
    return "\n".join(parts)

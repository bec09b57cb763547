"""Checks of the installation: each says what it found, and what to do if something is wrong."""

import platform as python_platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import httpx
from redis.exceptions import RedisError

from app.core.config import PROJECT_ROOT, Settings, environment
from app.core.platform_state import platform_url
from app.core.queue import queue_state
from app.core.redis_trouble import explain
from app.domain.json import JsonObject
from app.services.evaluation.scorers.registry import SCORERS
from app.services.inference.catalog import Catalog, CatalogError
from app.services.inference.catalog_file import load_catalog
from app.services.inference.registry import ModelRegistry
from app.services.runtime import local_options

_LITTLE_SPACE_GB = 2


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check: ``ok``, ``note`` (not in use) or ``bad``, with advice if there is any."""

    name: str
    state: Literal["ok", "note", "bad"]
    message: str
    advice: str = ""

    def as_dict(self) -> JsonObject:
        """Return the result as JSON."""
        return asdict(self)


def diagnose(settings: Settings) -> list[Check]:
    """Run all checks; changes nothing and starts nothing."""
    return [
        *_machine(settings),
        *_servers(settings),
        *_platform(settings),
        *_models(settings),
        *_own_scorers(settings),
    ]


def _machine(settings: Settings) -> Iterator[Check]:
    yield Check("python", "ok", f"{python_platform.python_version()} ({sys.executable})")
    folder = settings.home if settings.home.exists() else PROJECT_ROOT
    free_gb = shutil.disk_usage(folder).free / 1e9
    state: Literal["ok", "bad"] = "ok" if free_gb > _LITTLE_SPACE_GB else "bad"
    advice = "" if state == "ok" else "Free some space, or set LLMFORGE_HOME to another folder."
    yield Check("state folder", state, f"{settings.home} ({free_gb:.0f} GB free)", advice)
    env_file = PROJECT_ROOT / ".env"
    yield Check(
        ".env",
        "ok" if env_file.exists() else "note",
        f"{env_file} {'is read' if env_file.exists() else 'does not exist; defaults are used'}",
    )
    if not settings.is_loopback:
        key = bool(settings.client_key)
        message = f"the API listens on {settings.host}"
        yield Check(
            "api key",
            "ok" if key else "bad",
            message,
            "" if key else "Set LLMFORGE_API_KEY or LLMFORGE_API_KEYS.",
        )


def _servers(settings: Settings) -> Iterator[Check]:
    if not settings.database_url.get_secret_value():
        yield Check("database", "ok", "embedded Postgres")
    else:
        yield Check("database", "ok", "DATABASE_URL is set; /health shows whether it answers")
    url = settings.redis_url.get_secret_value()
    if not url:
        yield Check("queue", "ok", "embedded Valkey")
        return
    try:
        waiting = queue_state(url, settings.queue).waiting
        yield Check("queue", "ok", f"Redis answers: {waiting} waiting")
    except (RedisError, OSError) as error:
        yield Check("queue", "bad", explain(error).message)


def _platform(settings: Settings) -> Iterator[Check]:
    url = platform_url(settings.home)
    if url is None:
        yield Check(
            "platform",
            "note",
            "not running",
            "Start it with `llmforge up`; other commands start it when they need it.",
        )
        return
    yield Check("platform", "ok", f"running at {url}")
    try:
        key = settings.client_key
        health = httpx.get(f"{url}/health", headers={"x-api-key": key}, timeout=10, trust_env=False).json()
        parts = {name: health[name] for name in ("database", "queue", "workers", "local_model")}
    except (httpx.HTTPError, ValueError, LookupError) as error:
        yield Check("health", "bad", f"cannot be read ({type(error).__name__})", "Check LLMFORGE_API_KEY.")
        return
    if (caller := health.get("caller")) is not None:
        yield Check("  your key", "ok", f"{caller['name']}, which may {caller['role']}")
    for name, part in parts.items():
        bad = part["state"] in {"down", "degraded"}
        yield Check(f"  {name.replace('_', ' ')}", "bad" if bad else "ok", part["message"])


def _models(settings: Settings) -> Iterator[Check]:
    try:
        catalog = load_catalog(settings.catalog, settings.gguf_dir)
    except CatalogError as error:
        yield Check("models", "bad", error.message, error.hint)
        return
    yield Check("models", "ok", f"{len(catalog.models)} in {settings.catalog}")
    registry = ModelRegistry(catalog, environment(), PROJECT_ROOT, local_options(settings))
    for model in catalog.models:
        if registry.connector(model.name).runs_here:
            status = registry.status(model.name)
            yield Check(
                f"  {model.name}", "ok" if status.state == "ready" else "bad", status.message or "ready"
            )
    yield from _providers(catalog)


def _own_scorers(settings: Settings) -> Iterator[Check]:
    folder = settings.scorers_dir
    if folder is None:
        return
    if not folder.is_dir():
        yield Check("own scorers", "bad", f"{folder} is no folder", "Correct LLMFORGE_SCORERS_DIR.")
        return
    SCORERS.load_own(folder)
    names = ", ".join(one.name for one in SCORERS.own.scorers) or "none"
    yield Check("own scorers", "ok", f"{names} in {folder}")
    for problem in SCORERS.own.problems:
        yield Check(f"  {problem.file}", "bad", problem.message, f"Correct {folder / problem.file}.")


def _providers(catalog: Catalog) -> Iterator[Check]:
    env = environment()
    for name, provider in catalog.providers.items():
        if not provider.api_key_env or not provider.key_required:
            continue
        if provider.resolve_key(env):
            yield Check(f"  {name}", "ok", f"{provider.api_key_env} is set")
        else:
            yield Check(f"  {name}", "note", f"not in use: {provider.api_key_env} is not set")

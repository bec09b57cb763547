"""What services need from their process: settings, database connections, and models."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.config import PROJECT_ROOT, Settings, environment
from app.core.database import Sessions, create_engine, create_sessions
from app.core.database_url import DatabaseUrlError
from app.core.errors import Unavailable
from app.core.redaction import redact, register_secret
from app.services.evaluation.scorers.registry import SCORERS
from app.services.inference.catalog_file import load_catalog
from app.services.inference.engines.connector import LocalServerOptions
from app.services.inference.failures import redact_with
from app.services.inference.memory_cache import MemoryCache
from app.services.inference.registry import ModelRegistry, secrets_of
from app.services.local_models.files import fetch_only, look_below


@dataclass(frozen=True, slots=True)
class Runtime:
    """Settings and connections of one process; whoever opened it closes it."""

    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    autocommit: Sessions
    """For single statements: each is a transaction of its own, in one round trip."""
    answers: MemoryCache
    """Answers of models in memory, for all experiments that this process works on."""

    @property
    def redis_url(self) -> str:
        """URL of Redis; empty if there is none."""
        return self.settings.redis_url.get_secret_value()

    def models(self) -> ModelRegistry:
        """Return the models that the catalog and the environment define now.

        Raises:
            CatalogError: if the catalog cannot be read.
        """
        return models_of(self.settings)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.engine.dispose()


def models_of(settings: Settings) -> ModelRegistry:
    """Return the models that the catalog and the environment define now; registers their secrets.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    env = environment()
    catalog = load_catalog(settings.catalog, settings.gguf_dir)
    for secret in secrets_of(catalog, env):
        register_secret(secret)
    for provider in catalog.providers.values():
        _register_password(provider.resolve_base_url(env) or "")
    return ModelRegistry(catalog, env, PROJECT_ROOT, local_options(settings))


def local_options(settings: Settings) -> LocalServerOptions:
    """Return the options of local model servers."""
    return LocalServerOptions(
        settings.home / "llama", settings.local_slots, settings.local_context, settings.local_threads
    )


def memory_cache(settings: Settings) -> MemoryCache:
    """Return an empty memory of answers, as large as the settings say."""
    return MemoryCache(settings.memory_cache_entries, int(settings.memory_cache_mb * 1e6))


def open_runtime(
    settings: Settings,
    *,
    ping: bool = True,
    connections: int | None = None,
    answers: MemoryCache | None = None,
) -> Runtime:
    """Open the runtime of this process, and register its secrets for redaction.

    Args:
        settings: of the process.
        ping: see ``create_engine``.
        connections: to the database that this process needs at most; by default those of the settings.
        answers: of models, that are in memory already; by default none.

    Raises:
        Unavailable: if no database is configured, or its URL cannot be used.
    """
    database_url = settings.database_url.get_secret_value()
    if not database_url:
        raise Unavailable(
            "No database is configured.",
            hint="Start the platform with `llmforge up`, or set DATABASE_URL.",
        )
    redact_with(redact)
    look_below(settings.model_folder_list)
    fetch_only(settings.hub_model_list)
    SCORERS.load_own(settings.scorers_dir)
    for access_key in settings.access_keys:
        register_secret(access_key.key)
    for url in (database_url, settings.redis_url.get_secret_value()):
        _register_password(url)
    try:
        pool_size = min(settings.database_pool_size, connections or settings.database_pool_size)
        engine = create_engine(database_url, pool_size, ping=ping)
    except DatabaseUrlError as error:
        raise Unavailable(str(error)) from error
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    return Runtime(
        settings,
        engine,
        create_sessions(engine),
        create_sessions(autocommit),
        memory_cache(settings) if answers is None else answers,
    )


def _register_password(url: str) -> None:
    """Register the password of a URL as a secret, both percent-encoded and decoded."""
    try:
        parts = urlsplit(url)
    except ValueError:  # whoever uses it will say so
        return
    written = parts.netloc.rpartition("@")[0].partition(":")[2]
    for password in (written, unquote(written), *parse_qs(parts.query).get("password", [])):
        register_secret(password)

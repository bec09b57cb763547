"""From a model's name to an engine, or to a sentence that says what is missing."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from app.domain.hashing import content_hash
from app.services.inference.base import Engine
from app.services.inference.catalog import (
    Catalog,
    CatalogError,
    ModelSpec,
    ProviderSpec,
    resolve_model_path,
)
from app.services.inference.engines.hf_api import HFAPIEngine
from app.services.inference.engines.local import LocalEngine, LocalServer, LocalServerOptions
from app.services.inference.engines.mock import MockEngine
from app.services.inference.engines.openai_compatible import OpenAICompatibleEngine

ModelState = Literal["ready", "key_missing", "file_missing"]


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Whether a model can be used as things are, and what to do if not."""

    state: ModelState
    message: str = ""


@dataclass(frozen=True, slots=True)
class OpenedModel:
    """An engine, ready to be called.

    Attributes:
        fingerprint: hash of all that decides how the model answers, as far as can be known here.
        max_concurrency: calls that it can take at once, if there is a known bound.
        window: tokens that it takes, prompt and answer together; ``None`` if unknown.
    """

    engine: Engine
    spec: ModelSpec
    fingerprint: str
    max_concurrency: int | None = None
    window: int | None = None


class ModelRegistry:
    """Opens models of a catalog; keys and addresses come from ``env`` alone."""

    def __init__(
        self,
        catalog: Catalog,
        env: Mapping[str, str],
        root: Path,
        local: LocalServerOptions,
        *,
        version_of: Callable[[str], str] | None = None,
    ) -> None:
        self.catalog = catalog
        self._env = env
        self._root = root
        self._local = local
        self._version_of = version_of or _package_version

    def status(self, name: str) -> ModelStatus:
        """Return whether ``name`` can be used.

        Raises:
            CatalogError: if the catalog has no such model.
        """
        provider, spec = self.catalog.find(name)
        if provider.engine == "local":
            try:
                resolve_model_path(spec, self._root)
            except CatalogError as error:
                return ModelStatus("file_missing", f"{error.message} {error.hint}".strip())
        if provider.engine == "mock":
            MockEngine(spec.remote_id)
        if provider.api_key_env and provider.key_required and not provider.resolve_key(self._env):
            return ModelStatus(
                "key_missing",
                f"{name} needs a key: set {provider.api_key_env} in the environment or in .env.",
            )
        return ModelStatus("ready")

    def require(self, name: str) -> None:
        """Raise unless ``name`` can be used as things are.

        Raises:
            CatalogError: naming the variable or the file that is missing.
        """
        status = self.status(name)
        if status.state != "ready":
            raise CatalogError(status.message)

    def fingerprint(self, name: str) -> str:
        """Return the model's fingerprint; reads a local model's file once.

        Raises:
            CatalogError: if the model is unknown, or its file or address is none.
        """
        provider, spec = self.catalog.find(name)
        parts: dict[str, object] = {
            "id": spec.remote_id,
            "api": spec.api,
            "engine": provider.engine,
            "base_url": self._base_url(provider),
            "extra_body": provider.extra_body,
        }
        if provider.engine == "local":
            path = resolve_model_path(spec, self._root)
            stat = path.stat()
            # Where the file lies does not matter, what is in it does.
            parts |= {"sha256": _file_hash(path, stat.st_size, stat.st_mtime_ns)}
            parts |= {"llama.cpp": self._version_of("xllamacpp"), "context": self._local.context}
        return content_hash(parts)

    def _base_url(self, provider: ProviderSpec) -> str | None:
        url = provider.resolve_base_url(self._env)
        if url is not None and not url.startswith(("http://", "https://")):
            where = provider.base_url_env or "base_url in the model catalog"
            raise CatalogError(f"{where} is {url!r}, which does not start with http:// or https://.")
        return url

    def endpoint(self, name: str) -> tuple[str, str | None] | None:
        """Return base URL and key of the HTTP endpoint that answers for ``name``, if it has one.

        Raises:
            CatalogError: if the model is unknown, or its address is none.
        """
        provider, spec = self.catalog.find(name)
        if provider.engine in {"mock", "local"}:
            return None
        url = self._base_url(provider)
        if url is None and provider.engine == "openai":
            raise _no_address(provider, spec)
        return None if url is None else (url, provider.resolve_key(self._env))

    async def open(
        self, name: str, timeout_s: float, answers: Mapping[str, str] | None = None
    ) -> OpenedModel:
        """Return an engine for ``name``.

        Args:
            name: catalog name, ``provider/model``.
            timeout_s: of one call.
            answers: for the mock engine's ``gold`` script; other engines never see them.

        Raises:
            CatalogError: if the model is unknown, or its key or file is missing or broken.
        """
        self.require(name)
        provider, spec = self.catalog.find(name)
        engine, bound = await self._engine(provider, spec, timeout_s, answers)
        window = self._local.context if provider.engine == "local" else spec.context_window
        return OpenedModel(engine, spec, self.fingerprint(name), bound, window)

    async def _engine(
        self, provider: ProviderSpec, spec: ModelSpec, timeout_s: float, answers: Mapping[str, str] | None
    ) -> tuple[Engine, int | None]:
        key, base_url = provider.resolve_key(self._env), self._base_url(provider)
        match provider.engine:
            case "mock":
                return MockEngine(spec.remote_id, answers), None
            case "huggingface":
                return HFAPIEngine(provider, spec, base_url, key, timeout_s), None
            case "local":
                server = LocalServer(resolve_model_path(spec, self._root), self._local)
                local = LocalEngine(provider, spec, server, timeout_s)
                await local.start()
                return local, self._local.slots
            case "openai":
                if base_url is None:
                    raise _no_address(provider, spec)
                return OpenAICompatibleEngine(provider, spec, base_url, key, timeout_s), None


def _no_address(provider: ProviderSpec, spec: ModelSpec) -> CatalogError:
    return CatalogError(
        f"The provider of {spec.name} has no address.",
        f"Set {provider.base_url_env or 'base_url in the model catalog'}.",
    )


@lru_cache(maxsize=64)
def _file_hash(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _package_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def secrets_of(catalog: Catalog, env: Mapping[str, str]) -> list[str]:
    """Return the values of all keys that the catalog's providers use, for masking."""
    keys = (provider.resolve_key(env) for provider in catalog.providers.values())
    return [key for key in keys if key]

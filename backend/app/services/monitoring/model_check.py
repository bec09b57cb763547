"""Whether models can be used: their endpoints are asked, and what came of it is known for a while.

A key that is set, or a local server that needs none, says nothing of whether somebody answers. So a model
behind an endpoint is *not checked* until its endpoint was asked, and *ready* only after it has answered.
"""

import asyncio
import time
from dataclasses import dataclass
from hashlib import sha256

from app.schemas.catalog import ModelCheck
from app.services.experiments.resolution import model_error
from app.services.inference.catalog import Catalog, CatalogError, ProviderSpec
from app.services.inference.ping import TIMEOUT_S, PingResult, ping
from app.services.inference.registry import ModelRegistry
from app.services.runtime import Runtime

_KNOWN_FOR_S = 600.0
_ANY_MODEL = "any"
_known: dict[bytes, "_Known"] = {}
"""What came of the latest check of each endpoint, by address and key; of this process."""


@dataclass(frozen=True, slots=True)
class _Known:
    result: PingResult
    at: float


async def check_model(runtime: Runtime, name: str, timeout_s: float = TIMEOUT_S) -> ModelCheck:
    """Return whether a model can be used; pings its endpoint if it has one.

    Args:
        runtime: of this process.
        name: of the model, ``provider/model``.
        timeout_s: of the ping, in seconds.

    Raises:
        InvalidInput: if there is no such model, or its address is invalid.
    """
    try:
        return await _check(runtime.models(), name, timeout_s)
    except CatalogError as error:
        raise model_error(error, "GET /api/v1/models lists the models.") from error


async def check_providers(registry: ModelRegistry, timeout_s: float = TIMEOUT_S) -> None:
    """Ping each endpoint of the catalog that has what it needs, all at once; ``state_of`` tells then."""
    names = [_any_model_of(registry.catalog, name) for name in registry.catalog.providers]
    await asyncio.gather(
        *(_check(registry, name, timeout_s) for name in names if name), return_exceptions=True
    )


def state_of(registry: ModelRegistry, name: str) -> ModelCheck:
    """Return what is known of a model without asking anyone now.

    Raises:
        CatalogError: if there is no such model.
    """
    provider, _ = registry.catalog.find(name)
    status = registry.status(name)
    if status.state == "not_checked":
        try:
            known = _known.get(_key(registry, name))
        except CatalogError as error:  # the address is none
            message = f"{error.message} {error.hint}".strip()
            return ModelCheck(name=name, state="unreachable", message=message, latency_ms=None)
        if known is not None and time.monotonic() - known.at < _KNOWN_FOR_S:
            return _as_check(name, provider, known.result)
    return ModelCheck(name=name, state=status.state, message=status.message, latency_ms=None)


def provider_state(registry: ModelRegistry, name: str) -> ModelCheck:
    """Return what is known of a provider: of any of its models."""
    model = _any_model_of(registry.catalog, name)
    if model is None:
        return ModelCheck(name=name, state="ready", message="", latency_ms=None)
    return state_of(registry, model)


def _any_model_of(catalog: Catalog, provider: str) -> str | None:
    listed = next((model.name for model in catalog.models if model.provider == provider), None)
    return listed or (f"{provider}/{_ANY_MODEL}" if catalog.providers[provider].open else None)


async def _check(registry: ModelRegistry, name: str, timeout_s: float) -> ModelCheck:
    provider, _ = registry.catalog.find(name)
    status = registry.status(name)
    endpoint = registry.endpoint(name) if status.state != "address_missing" else None
    if status.state != "not_checked" or endpoint is None:
        return ModelCheck(name=name, state=status.state, message=status.message, latency_ms=None)
    url, key = endpoint
    result = await ping(url, provider.headers_with(key), timeout_s, models_url=_models_url(provider, url))
    _known[_key(registry, name)] = _Known(result, time.monotonic())
    return _as_check(name, provider, result)


def _models_url(provider: ProviderSpec, url: str) -> str | None:
    """Return where the list of models is, unless the address is another than the catalog's."""
    ours = provider.base_url is not None and url == provider.base_url.rstrip("/") + provider.url_path
    return provider.models_url if ours else None


def _key(registry: ModelRegistry, name: str) -> bytes:
    url, key = registry.endpoint(name) or ("", None)
    return sha256(f"{url}\n{key or ''}".encode()).digest()  # keys are not kept


def _as_check(name: str, provider: ProviderSpec, result: PingResult) -> ModelCheck:
    if result.problem:
        where = provider.base_url_env or "base_url in the model catalog"
        message = f"{result.problem} Check that the server runs, and {where}."
        return ModelCheck(name=name, state="unreachable", message=message, latency_ms=None)
    if not result.key_accepted:
        variable = provider.api_key_env or "api_key_env in the model catalog"
        message = f"The endpoint of {name} refused the key: check {variable}, in the environment or in .env."
        return ModelCheck(name=name, state="key_missing", message=message, latency_ms=result.latency_ms)
    return ModelCheck(name=name, state="ready", message="", latency_ms=result.latency_ms)

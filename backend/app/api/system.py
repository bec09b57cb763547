"""Routes of the platform itself: health and the model catalog."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.deps import DatabaseHealthDep, QueueHealthDep, RuntimeDep
from app.api.errors import error_responses
from app.core.access import AccessKey
from app.schemas.catalog import (
    CallerOut,
    CatalogOut,
    HealthOut,
    LiveOut,
    ModelCheck,
    ModelOut,
    PriceOut,
    ProviderOut,
)
from app.schemas.common import Text
from app.services.inference.catalog import ModelSpec, ProviderSpec, batch_discount_of
from app.services.inference.registry import ModelRegistry
from app.services.monitoring.health import check_health
from app.services.monitoring.model_check import check_model, check_providers, provider_state, state_of

health_router = APIRouter(prefix="/health", tags=["health"], responses=error_responses(401, 403))
models_router = APIRouter(prefix="/models", tags=["models"], responses=error_responses(401, 403))

_IMAGE = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


@health_router.get("", operation_id="get_health", responses={503: {"model": HealthOut}})
async def get_health(
    runtime: RuntimeDep,
    database: DatabaseHealthDep,
    queue: QueueHealthDep,
    request: Request,
    response: Response,
) -> HealthOut:
    """Return the state of every part; with status 503 if the database does not answer."""
    key: AccessKey | None = request.state.caller
    caller = None if key is None else CallerOut(name=key.name, role=key.role)
    health = await check_health(runtime, database, queue, caller)
    if health.status == "down":
        response.status_code = 503
    return health


@health_router.get("/live", operation_id="get_live")
async def get_live() -> LiveOut:
    """Answer as long as the process is alive; no key is needed."""
    return LiveOut(status="ok")


@health_router.get("/live.svg", include_in_schema=False)
async def get_live_image() -> Response:
    """Return an empty image.

    A page whose origin is not allowed cannot read any answer, but it can tell whether an image loads: so the
    dashboard distinguishes an API that refuses it from one that sleeps behind a proxy with a page of its own.
    """
    return Response(_IMAGE, media_type="image/svg+xml", headers={"cache-control": "no-store"})


@models_router.get("", operation_id="list_models", responses=error_responses(422))
async def list_models(
    runtime: RuntimeDep,
    *,
    check: Annotated[bool, Query(description="Ask each endpoint that has what it needs first.")] = False,
) -> CatalogOut:
    """List the catalog's models, and whether each can be used, as far as that is known."""
    registry = runtime.models()
    if check:
        await check_providers(registry)
    catalog = registry.catalog
    return CatalogOut(
        providers=[_provider(registry, name, spec) for name, spec in catalog.providers.items()],
        models=[_model(registry, spec) for spec in catalog.models],
    )


@models_router.get("/check", operation_id="check_model", responses=error_responses(422))
async def check_model_state(
    runtime: RuntimeDep, name: Annotated[Text, Query(max_length=500, description="provider/model")]
) -> ModelCheck:
    """Return whether a model can be used now; an HTTP endpoint is asked once for its list of models."""
    return await check_model(runtime, name)


def _provider(registry: ModelRegistry, name: str, spec: ProviderSpec) -> ProviderOut:
    known = provider_state(registry, name)
    return ProviderOut(
        name=name,
        label=spec.label or name,
        open=spec.open,
        state=known.state,
        message=known.message,
        api_key_env=spec.api_key_env,
        base_url_env=spec.base_url_env,
    )


def _model(registry: ModelRegistry, spec: ModelSpec) -> ModelOut:
    provider, _ = registry.catalog.find(spec.name)
    known = state_of(registry, spec.name)
    price = spec.usd_per_1m
    return ModelOut(
        name=spec.name,
        provider=spec.provider,
        provider_label=provider.label or spec.provider,
        api=spec.api,
        state=known.state,
        message=known.message,
        api_key_env=provider.api_key_env,
        context_window=spec.context_window,
        usd_per_1m=PriceOut(**price.model_dump()) if price else None,
        batch_discount=batch_discount_of(provider, spec) if registry.has_batch_api(spec.name) else None,
        parameters=spec.parameters,
        description=spec.description,
    )

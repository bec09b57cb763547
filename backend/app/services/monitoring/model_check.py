"""Whether a model can be used now."""

from app.schemas.catalog import ModelCheck
from app.services.experiments.resolution import model_error
from app.services.inference.catalog import CatalogError, ProviderSpec
from app.services.inference.ping import TIMEOUT_S, PingResult, ping
from app.services.runtime import Runtime


async def check_model(runtime: Runtime, name: str, timeout_s: float = TIMEOUT_S) -> ModelCheck:
    """Return whether a model can be used; pings its endpoint if it has one.

    Args:
        runtime: of this process.
        name: of the model, ``provider/model``.
        timeout_s: of the ping, in seconds.

    Raises:
        InvalidInput: if there is no such model, or its address is invalid.
    """
    models = runtime.models()
    try:
        provider, _ = models.catalog.find(name)
        status = models.status(name)
        endpoint = models.endpoint(name)
    except CatalogError as error:
        raise model_error(error, "GET /api/v1/models lists the models.") from error
    if status.state != "ready" or endpoint is None:
        return ModelCheck(name=name, state=status.state, message=status.message, latency_ms=None)
    return _as_check(name, provider, await ping(*endpoint, timeout_s))


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

"""Where the API of the platform answers that this machine's programs use."""

import os

import httpx

from app.core.config import Settings
from app.core.platform_state import answers, platform_url


def configured_url(settings: Settings) -> str | None:
    """Return the address that ``LLMFORGE_API_URL`` names, else that of the platform that runs here.

    ``None`` if none runs. An address that is named is not asked.
    """
    explicit = os.environ.get("LLMFORGE_API_URL", "").rstrip("/")
    if explicit:
        return explicit
    running = platform_url(settings.home)
    if running is not None:
        return running
    default = f"http://127.0.0.1:{settings.port or 8000}"
    return default if _is_llmforge(default, settings) else None


def _is_llmforge(url: str, settings: Settings) -> bool:
    # Another program may use the default port.
    if not answers(url):
        return False
    try:
        key = settings.client_key
        response = httpx.get(f"{url}/openapi.json", headers={"x-api-key": key}, timeout=3, trust_env=False)
        return bool(response.json()["info"]["title"] == "LlmForge")
    except (httpx.HTTPError, ValueError, LookupError):
        return False

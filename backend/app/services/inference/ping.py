"""Whether an endpoint is there and takes our key, before an experiment finds out."""

import time
from dataclasses import dataclass

import aiohttp

from app.services.inference.engines.openai_compatible import is_loopback
from app.services.inference.failures import clean

TIMEOUT_S = 3.0
_REFUSED = frozenset({401, 403})
_NOBODY_THERE = (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError)
_MILLI = 1000.0


@dataclass(frozen=True, slots=True)
class Reached:
    """What an endpoint said: whether it took the key, and after how long; or why it said nothing."""

    key_taken: bool = True
    latency_ms: float | None = None
    problem: str = ""


async def reach(base_url: str, key: str | None, timeout_s: float = TIMEOUT_S) -> Reached:
    """Ask the endpoint for its models, once; what it answers does not matter, that it does is all."""
    headers = {"user-agent": "llmforge"} | ({"authorization": f"Bearer {key}"} if key else {})
    started = time.perf_counter()
    try:
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=not is_loopback(base_url),
        ) as session:
            async with session.get(f"{base_url}/models", allow_redirects=False) as response:
                latency_ms = (time.perf_counter() - started) * _MILLI
                return Reached(response.status not in _REFUSED, round(latency_ms, 1))
    except TimeoutError:
        return Reached(problem=clean(f"{base_url} did not answer within {timeout_s:g} s."))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if type(error) in _NOBODY_THERE:
            return Reached(problem=clean(f"Nothing answers at {base_url}."))
        return Reached(problem=clean(f"Cannot talk to {base_url}: {error}."))

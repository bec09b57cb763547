"""Whether an endpoint answers and accepts the API key, found out before an experiment starts."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from app.services.inference.engines.openai_compatible import is_loopback
from app.services.inference.failures import clean

TIMEOUT_S = 3.0
_KEY_REJECTED = frozenset({401, 403})
_NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError)
_MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class PingResult:
    """What came of a ping.

    Attributes:
        key_accepted: false if the endpoint answered that the key is wrong.
        latency_ms: of the answer; ``None`` if there was none.
        problem: why there was no answer; empty if there was one.
    """

    key_accepted: bool = True
    latency_ms: float | None = None
    problem: str = ""


async def ping(
    base_url: str, headers: Mapping[str, str], timeout_s: float = TIMEOUT_S, *, models_url: str | None = None
) -> PingResult:
    """Request the endpoint's list of models once; any answer that does not reject the key is good.

    Args:
        base_url: of the endpoint's API, without a slash at its end.
        headers: of the request, with the key if the endpoint needs one.
        timeout_s: longest wait for the answer, in seconds.
        models_url: of the list, if it is not at ``{base_url}/models``.
    """
    started = time.perf_counter()
    try:
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=not is_loopback(base_url),
        ) as session:
            async with session.get(models_url or f"{base_url}/models", allow_redirects=False) as response:
                latency_ms = (time.perf_counter() - started) * _MS_PER_S
                return PingResult(response.status not in _KEY_REJECTED, round(latency_ms, 1))
    except TimeoutError:
        return PingResult(problem=clean(f"{base_url} did not answer within {timeout_s:g} s."))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if type(error) in _NOT_CONNECTED:
            return PingResult(problem=clean(f"Nothing answers at {base_url}."))
        return PingResult(problem=clean(f"Cannot talk to {base_url}: {error}."))

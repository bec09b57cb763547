"""Sends deliveries to the webhook, in the process of the API.

A delivery is stored with the ending that it tells of, so none is lost, whichever process dies. It is claimed
for one attempt, sent, and then marked as taken: a process that dies in between leaves it to the next attempt.
A receiver may hence get it twice, with the same id. Nothing here holds up an experiment, or makes it fail.
"""

import asyncio
import time
from contextlib import suppress

import httpx
import orjson

from app.core.logging import get_logger
from app.domain.json import JsonObject
from app.services.notifications.message import body_of, matrix_body, signed_headers
from app.services.notifications.repository import DeliveryRepository, Due
from app.services.runtime import Runtime

log = get_logger(__name__)

_WITHIN_S = 10.0  # below the first pause, or two processes could send the same at the same time
_AFTER_ERROR_S = 10.0


class WebhookSender:
    """Sends what is due whenever it is woken, and what has to be tried again when its time has come.

    Args:
        runtime: of this process; its settings have the address.
        within_s: that the receiver may take for its answer, in seconds.
    """

    def __init__(self, runtime: Runtime, within_s: float = _WITHIN_S) -> None:
        self._runtime = runtime
        self._within_s = within_s
        self._url = runtime.settings.webhook_url.get_secret_value()
        self._secret = runtime.settings.webhook_secret.get_secret_value()
        self._woken = asyncio.Event()
        self._woken.set()  # what a process has left that has ended

    def wake(self) -> None:
        """Look soon: something may have ended."""
        self._woken.set()

    async def run(self) -> None:
        """Send for as long as the process lives."""
        pause_s: float | None = None
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._woken.wait()
            self._woken.clear()
            try:
                pause_s = await self.send_due()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look may find it mended
                log.warning("webhook_waits", error=type(error).__name__)
                pause_s = _AFTER_ERROR_S

    async def send_due(self) -> float | None:
        """Send what is due; return the seconds until there is more, ``None`` if nothing waits."""
        async with self._runtime.sessions() as session:
            claimed = await DeliveryRepository(session).claim()
            await session.commit()
        if claimed:
            # The operator's address and no other: no redirects, and no proxy of the environment.
            async with httpx.AsyncClient(follow_redirects=False, trust_env=False) as client:
                await asyncio.gather(*(self._send(client, due) for due in claimed))
        async with self._runtime.sessions() as session:
            return await DeliveryRepository(session).seconds_to_next()

    async def _send(self, client: httpx.AsyncClient, due: Due) -> None:
        async with self._runtime.sessions() as session:
            content = orjson.dumps(await _body(DeliveryRepository(session), due))
        problem = await self._post(client, due, content)
        async with self._runtime.sessions() as session:
            repository = DeliveryRepository(session)
            if problem is None:
                await repository.taken(due.id)
                log.info("webhook_told", delivery=str(due.id), kind=due.kind, subject=str(due.subject_id))
            else:
                await repository.failed(due.id, problem, give_up=due.last)
                event = "webhook_given_up" if due.last else "webhook_failed"
                log.warning(event, delivery=str(due.id), subject=str(due.subject_id), reason=problem)
            await session.commit()

    async def _post(self, client: httpx.AsyncClient, due: Due, content: bytes) -> str | None:
        """Send a delivery; return what kept it from being taken."""
        headers = signed_headers(str(due.id), int(time.time()), content, self._secret)
        try:
            async with asyncio.timeout(self._within_s):
                async with client.stream(
                    "POST", self._url, content=content, headers=headers, timeout=self._within_s
                ) as response:  # its body is of no interest, however long
                    status = response.status_code
        except (TimeoutError, httpx.TimeoutException):
            return f"no answer within {self._within_s:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return f"no connection ({type(error).__name__})"  # its text may hold the address, which is secret
        if response.is_success:
            return None
        return f"HTTP {status}" + (", a redirect, which is not followed" if response.is_redirect else "")


async def _body(repository: DeliveryRepository, due: Due) -> JsonObject:
    if due.kind == "matrix":
        return matrix_body(due, await repository.matrix(due.subject_id))
    score = None if due.kind == "experiment" else await repository.score_of(due.subject_id)
    return body_of(due, await repository.experiments(due.kind, due.subject_id), score)

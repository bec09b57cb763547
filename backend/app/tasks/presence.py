"""What the database knows of this worker process, and the roll call that it answers; see ``workers.py``."""

import asyncio
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from app.core.config import Settings
from app.core.logging import get_logger
from app.core.queue import connect, roll_call_channel
from app.core.redis_trouble import Pauses
from app.services.execution.worker_repository import WorkerIdentity
from app.services.execution.workers import BEAT_S, forget_worker, see_worker
from app.services.runtime import open_runtime

log = get_logger(__name__)

_TRY_AGAIN_S = 10.0
_LEAVE_WITHIN_S = 3.0
_POLL_S = 1.0  # until the listener sees that this worker leaves; a roll call is heard at once


class Presence:
    """Keeps the row of this worker, in a thread, so that the worker never waits for the database.

    An idle worker renews it only when a roll call asks.

    Args:
        settings: of this process.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._identity = WorkerIdentity(uuid.uuid4(), settings.queue, socket.gethostname(), os.getpid())
        self._experiment_id: uuid.UUID | None = None
        self._leaving = False
        self._pauses = Pauses()  # of the listener
        self._keep_alive_s = max(1, int(settings.redis_idle_s - _POLL_S))
        self._due = threading.Event()
        self._busy = threading.Lock()
        self._writer = threading.Thread(target=self._write, name="presence", daemon=True)
        self._listener = threading.Thread(target=self._listen, name="roll-call", daemon=True)

    def start(self) -> None:
        """Write the row, and answer roll calls from now on."""
        self._due.set()
        self._writer.start()
        self._listener.start()

    def work_on(self, experiment_id: uuid.UUID | None) -> None:
        """Tell which experiment this worker works on; ``None``: on none."""
        self._experiment_id = experiment_id
        self._due.set()

    def leave(self) -> None:
        """Remove the row; waits up to 3 s for the database."""
        self._leaving = True
        self._due.set()
        self._writer.join(_LEAVE_WITHIN_S)

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Let no thread of this object write or log while the block runs, which may fork."""
        with self._busy:
            yield

    def _write(self) -> None:
        pause_s: float | None = None
        failed = False
        while True:
            self._due.wait(pause_s)
            self._due.clear()
            leaving = self._leaving
            with self._busy:
                written = self._store(leaving=leaving, quietly=failed)
            if leaving:
                return
            failed = not written
            pause_s = _TRY_AGAIN_S if failed else BEAT_S if self._experiment_id else None

    def _store(self, *, leaving: bool, quietly: bool) -> bool:
        try:
            asyncio.run(self._store_once(leaving=leaving))
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker works on
            if not quietly:
                log.warning("presence_not_stored", error=type(error).__name__)
            return False
        return True

    async def _store_once(self, *, leaving: bool) -> None:
        runtime = open_runtime(self._settings, ping=False, connections=1)
        try:
            if leaving:
                await forget_worker(runtime, self._identity)
            else:
                await see_worker(runtime, self._identity, self._experiment_id)
        finally:
            await runtime.aclose()

    def _listen(self) -> None:
        while not self._leaving:
            try:
                self._answer_roll_calls()
            except (RedisError, OSError) as error:
                time.sleep(self._pauses.after(error))

    def _answer_roll_calls(self) -> None:
        url = self._settings.redis_url.get_secret_value()
        client = connect(url, self._settings.redis_timeout_s, keep_alive_s=self._keep_alive_s)
        with client, client.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
            subscription.subscribe(roll_call_channel(self._settings.queue))
            while not self._leaving:
                message = subscription.get_message(timeout=_POLL_S)
                if message is not None or self._pauses.last_s:  # after a trouble, a call may have been missed
                    self._due.set()
                self._pauses.reset()

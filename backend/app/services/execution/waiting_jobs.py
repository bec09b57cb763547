"""Which of the experiments that wait for a worker have a job on the queue."""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError

from app.core.queue import waiting_experiments
from app.core.redis_trouble import Pauses
from app.services.runtime import Runtime

_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 20.0


@dataclass(frozen=True, slots=True)
class _Seen:
    ask_again_at: float
    pause_s: float


class WaitingJobs:
    """Looks at the queue for experiments, ever more rarely for those whose job was there last time.

    What waits for long mostly waits for a worker, and hosts of Redis count commands. A job that is lost
    meanwhile (by a flush, say) is missed 20 s later at most.

    Args:
        runtime: of this process.
        clock: seconds, for tests.
    """

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = time.monotonic) -> None:
        self._runtime = runtime
        self._clock = clock
        self._seen: dict[uuid.UUID, _Seen] = {}
        self._pauses = Pauses()
        self._silent_until = 0.0

    async def lost(self, unattended: Sequence[uuid.UUID]) -> list[uuid.UUID]:
        """Return those of the experiments that have no job on the queue, as far as that is known.

        Raises:
            redis.RedisError: when Redis does not answer; it is not asked again for a while.
        """
        now = self._clock()
        self._seen = {one: seen for one, seen in self._seen.items() if one in set(unattended)}
        due = [one for one in unattended if one not in self._seen or now >= self._seen[one].ask_again_at]
        if not due or now < self._silent_until:
            return []
        settings = self._runtime.settings
        try:
            found = await asyncio.to_thread(waiting_experiments, self._runtime.redis_url, settings.queue)
        except (RedisError, OSError) as error:
            self._silent_until = now + self._pauses.after(error)
            raise
        self._pauses.reset()
        waiting = [one for one in unattended if str(one) in found]
        self._seen = {one: self._next(one, now) for one in waiting}
        return [one for one in unattended if one not in self._seen]

    def _next(self, experiment_id: uuid.UUID, now: float) -> _Seen:
        before = self._seen.get(experiment_id)
        pause_s = min(before.pause_s * 2, _LONGEST_PAUSE_S) if before else _FIRST_PAUSE_S
        return _Seen(now + pause_s, pause_s)

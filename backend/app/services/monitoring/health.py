"""The health of each part of the platform, and what to do if it does not work."""

import asyncio
from typing import Literal

from redis.exceptions import RedisError
from sqlalchemy import text

from app.core.database import is_database_away
from app.core.queue import queue_state
from app.schemas.catalog import CallerOut, HealthOut, PartHealth, PartState
from app.services.experiments.provenance import code_version
from app.services.inference.engines.local import server_states
from app.services.runtime import Runtime, local_options

_TIMEOUT_S = 3.0


async def check_health(runtime: Runtime, caller: CallerOut | None = None) -> HealthOut:
    """Return the state of all parts, within three seconds; ``caller`` is who asks."""
    database, (queue, workers), local = await asyncio.gather(
        _database(runtime), _queue(runtime), asyncio.to_thread(_local_model, runtime)
    )
    status: Literal["ok", "degraded", "down"] = "ok"
    if database.state == "down":
        status = "down"
    elif {queue.state, workers.state} & {"down", "degraded"}:
        status = "degraded"
    return HealthOut(
        status=status,
        version=str(code_version().version),
        database=database,
        queue=queue,
        workers=workers,
        local_model=local,
        caller=caller,
    )


def _part(state: PartState, message: str, **details: object) -> PartHealth:
    return PartHealth(state=state, message=message, details=details)


async def _database(runtime: Runtime) -> PartHealth:
    try:
        async with asyncio.timeout(_TIMEOUT_S), runtime.engine.connect() as connection:
            await connection.execute(text("select 1"))
    except Exception as error:
        if not is_database_away(error):
            raise
        return _part("down", "Postgres does not answer. Check that it runs, and DATABASE_URL.")
    return _part("ok", "Postgres answers.")


async def _queue(runtime: Runtime) -> tuple[PartHealth, PartHealth]:
    unknown = _part("unknown", "Workers can only be counted through the queue.")
    if not runtime.redis_url:
        message = (
            "No Redis is configured: experiments run in the API's process. Set REDIS_URL to use workers."
        )
        return _part("degraded", message), unknown
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            waiting, workers = await asyncio.to_thread(queue_state, runtime.redis_url, runtime.settings.queue)
    except (RedisError, OSError, TimeoutError):
        message = "Redis does not answer: experiments run in the API's process. Check REDIS_URL."
        return _part("degraded", message), unknown
    queue = _part("ok", f"{waiting} waiting.", waiting=waiting)
    if not workers:
        return queue, _part("down", "No worker is running. Start one with `llmforge worker`.", workers=0)
    return queue, _part("ok", f"{workers} listening.", workers=workers)


def _local_model(runtime: Runtime) -> PartHealth:
    servers = server_states(local_options(runtime.settings).state_dir)
    if not servers:
        return _part("idle", "Starts when a local/* model is used.", servers=[])
    details = [{"model": state.model.rsplit("/", 1)[-1], "healthy": state.healthy} for state in servers]
    if all(state.healthy for state in servers):
        return _part("ok", f"{len(servers)} running.", servers=details)
    return _part(
        "degraded", "A local model server does not answer; it starts again when used.", servers=details
    )

"""The health of each part of the platform, and what to do if it does not work."""

import asyncio
from typing import Literal

from sqlalchemy import text

from app.core.database import is_database_away
from app.schemas.catalog import CallerOut, HealthOut, PartHealth
from app.services.experiments.provenance import code_version
from app.services.inference.engines.local import server_states
from app.services.monitoring.queue_health import QueueHealth, part
from app.services.runtime import Runtime, local_options

_TIMEOUT_S = 3.0


async def check_health(
    runtime: Runtime, queue_health: QueueHealth, caller: CallerOut | None = None
) -> HealthOut:
    """Return the state of all parts, within some seconds; ``caller`` is who asks."""
    database, report, local = await asyncio.gather(
        _database(runtime), queue_health.report(), asyncio.to_thread(_local_model, runtime)
    )
    queue, workers = report.queue, report.workers
    status: Literal["ok", "degraded", "down"] = "ok"
    if database.state == "down":
        status = "down"
    elif {queue.state, workers.state} & {"down", "degraded"}:
        status = "degraded"
    return HealthOut(
        status=status,
        version=str(code_version().version),
        ephemeral=runtime.settings.ephemeral,
        database=database,
        queue=queue,
        workers=workers,
        local_model=local,
        caller=caller,
    )


async def _database(runtime: Runtime) -> PartHealth:
    try:
        async with asyncio.timeout(_TIMEOUT_S), runtime.engine.connect() as connection:
            await connection.execute(text("select 1"))
    except Exception as error:
        if not is_database_away(error):
            raise
        return part("down", "Postgres does not answer. Check that it runs, and DATABASE_URL.")
    return part("ok", "Postgres answers.")


def _local_model(runtime: Runtime) -> PartHealth:
    servers = server_states(local_options(runtime.settings).state_dir)
    if not servers:
        return part("idle", "Starts when a local/* model is used.", servers=[])
    details = [{"model": state.model.rsplit("/", 1)[-1], "healthy": state.healthy} for state in servers]
    if all(state.healthy for state in servers):
        return part("ok", f"{len(servers)} running.", servers=details)
    return part(
        "degraded", "A local model server does not answer; it starts again when used.", servers=details
    )

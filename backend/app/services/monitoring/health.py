"""The health of each part of the platform, and what to do if it does not work."""

import asyncio
from typing import Literal

from app.schemas.catalog import CallerOut, HealthOut, PartHealth
from app.services.experiments.provenance import code_version
from app.services.inference.engines.local import server_states
from app.services.monitoring.database_health import DatabaseHealth
from app.services.monitoring.parts import part
from app.services.monitoring.queue_health import QueueHealth
from app.services.runtime import Runtime, local_options


async def check_health(
    runtime: Runtime,
    database_health: DatabaseHealth,
    queue_health: QueueHealth,
    caller: CallerOut | None = None,
) -> HealthOut:
    """Return the state of all parts, within some seconds; ``caller`` is who asks."""
    database, report, local = await asyncio.gather(
        database_health.report(), queue_health.report(), asyncio.to_thread(_local_model, runtime)
    )
    queue, workers = report.queue, report.workers
    status: Literal["ok", "degraded", "down"] = "ok"
    if database.state == "down":
        status = "down"
    elif {database.state, queue.state, workers.state} & {"down", "degraded"}:
        status = "degraded"
    return HealthOut(
        status=status,
        version=str(code_version().version),
        ephemeral=runtime.settings.ephemeral,
        guide=(runtime.settings.guide_dir / "index.html").exists(),
        database=database,
        queue=queue,
        workers=workers,
        local_model=local,
        caller=caller,
    )


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

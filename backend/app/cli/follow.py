"""Following an experiment in the terminal until it ends."""

import sys
from uuid import UUID

from app.client.api import Api
from app.client.progress import GIVE_UP_S, RECONNECT_S, follow_events, terminal_bar
from app.domain.status import ExperimentStatus


def follow(
    api: Api,
    experiment_id: UUID,
    total: int,
    *,
    quiet: bool = False,
    reconnect_s: float = RECONNECT_S,
    give_up_s: float = GIVE_UP_S,
) -> ExperimentStatus:
    """Show progress until the experiment has ended, and return its status; see ``follow_events``."""
    with terminal_bar(total, shown=not quiet and sys.stderr.isatty()) as show:
        last = follow_events(api, experiment_id, show, reconnect_s=reconnect_s, give_up_s=give_up_s)
    return last.status

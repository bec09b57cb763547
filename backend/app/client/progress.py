"""Following an experiment until it ends: its events, a line about them, and a bar in a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TextColumn
from rich.text import Text

from app.client.api import Api, ApiError
from app.core.visible import visible
from app.domain.rounding import number, percent
from app.schemas.experiment import ExperimentEvent, ProgressOut

RECONNECT_S = 1.0
GIVE_UP_S = 120.0

Show = Callable[[int, str], None]
"""Shows how many runs are done, and a line beside that."""


def follow_events(
    api: Api,
    experiment_id: UUID,
    show: Show,
    *,
    reconnect_s: float = RECONNECT_S,
    give_up_s: float = GIVE_UP_S,
) -> ExperimentEvent:
    """Show the progress of an experiment until it has ended, and return its last event.

    If the connection breaks (when the API restarts, for example), a new one is tried every ``reconnect_s``
    seconds, for ``give_up_s`` seconds.

    Raises:
        httpx.TransportError: if the API does not come back.
        ApiError: if it answers with an error that does not pass by itself.
    """
    done = 0
    lost_at: float | None = None
    while True:
        try:
            for event in api.events(experiment_id):
                lost_at = None
                done = event.progress.done if event.progress else 0
                show(done, details(event.progress, event.queue_position))
                if event.status.ended:
                    return event
        except (httpx.TransportError, ApiError) as error:
            if isinstance(error, ApiError) and error.status != 503:
                raise
            lost_at = lost_at or time.monotonic()
            if time.monotonic() - lost_at > give_up_s:
                raise
            show(done, "the API does not answer; retrying")
        time.sleep(reconnect_s)


@contextmanager
def terminal_bar(total: int, *, shown: bool) -> Iterator[Show]:
    """Draw a bar on standard error, and give what moves it.

    Args:
        total: of runs.
        shown: false draws nothing.
    """
    bar = Progress(
        TextColumn("{task.completed}/{task.total}"),
        BarColumn(bar_width=28),
        _Details(),
        console=Console(stderr=True),
        disable=not shown,
        transient=False,
    )
    with bar:
        task = bar.add_task("", total=total, details="")
        yield lambda done, line: bar.update(task, completed=done, details=line)


class _Details(TextColumn):
    """Rate, time left, accuracy and errors, as reported by the server."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        return Text(visible(str(task.fields.get("details", ""))))


def details(progress: ProgressOut | None, place: int | None = None) -> str:
    """Return the line beside the bar; ``place``: in the queue, if it waits there."""
    if place is not None and place > 1:
        return f"number {place} in the queue"
    if progress is None:
        return "waiting for a worker"
    parts = [number(progress.rate_per_s, "/s")]
    if progress.eta_s is not None:
        parts.append(f"ETA {_duration(progress.eta_s)}")
    parts.append(f"accuracy {percent(progress.accuracy)}")
    if progress.executors > 1:
        parts.append(f"{progress.executors} workers")
    failures = ", ".join(f"{count} {kind}" for kind, count in progress.failures.items())
    parts.append(f"errors {progress.failed}" + (f" ({failures})" if failures else ""))
    if progress.waiting_for or progress.waiting_s > 1:
        why = progress.waiting_for or "rate limited"
        parts.append(why + (f", {_duration(progress.waiting_s)} to wait" if progress.waiting_s > 1 else ""))
    return "  ".join(parts)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"

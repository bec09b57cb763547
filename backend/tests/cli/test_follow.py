"""Tests of following: a connection that breaks, and what is said beside the bar."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.cli.follow import follow
from app.client.api import Api, ApiError
from app.client.progress import details
from app.domain.status import ExperimentStatus
from app.schemas.common import ErrorBody
from app.schemas.experiment import ExperimentEvent, ProgressOut

Step = ExperimentEvent | Exception


def event(status: str, done: int = 0) -> ExperimentEvent:
    return ExperimentEvent(
        status=ExperimentStatus(status),
        queued=False,
        reason=None,
        progress=progress(done=done),
        heartbeat_at=None,
        queue_position=None,
    )


def progress(**fields: Any) -> ProgressOut:
    counts: dict[str, Any] = {"total": 3, "done": 0, "failed": 0, "cached": 0, "in_flight": 0, "failures": {}}
    unknown = dict.fromkeys(("accuracy", "rate_per_s", "eta_s", "limit", "note", "waiting_for"))
    times = {"active_s": 0.0, "waiting_s": 0.0, "mode": "worker", "executors": 1}
    return ProgressOut.model_validate({**counts, **unknown, **times, **fields})


def refusal(status: int, message: str) -> ApiError:
    return ApiError(status, ErrorBody(code="c", message=message, hint="", errors=[]))


class ScriptedApi(Api):
    """An API whose event streams are given: one list a connection."""

    def __init__(self, *streams: list[Step]) -> None:
        super().__init__("http://127.0.0.1:1")
        self.streams = list(streams)

    def events(self, experiment_id: UUID) -> Iterator[ExperimentEvent]:
        for step in self.streams.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step


def followed(api: Api, give_up_s: float = 120.0) -> str:
    """Follow without a pause."""
    return follow(api, UUID(int=1), 3, reconnect_s=0.0, give_up_s=give_up_s)


class TestConnection:
    @pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "CANCELLED"])
    def test_to_the_end(self, status: str) -> None:
        assert followed(ScriptedApi([event("PENDING"), event("RUNNING"), event(status)])) == status

    @pytest.mark.parametrize(
        "error",
        [
            httpx.RemoteProtocolError("cut off"),
            httpx.ConnectError("refused"),
            httpx.ReadTimeout("silence"),
            refusal(503, "the database is away"),
        ],
    )
    def test_lost_and_found_again(self, error: Exception) -> None:
        api = ScriptedApi(
            [event("RUNNING", 1), error], [error], [], [event("RUNNING", 2), event("COMPLETED", 3)]
        )
        assert followed(api) == "COMPLETED"
        assert api.streams == []

    def test_an_error_that_waiting_does_not_mend(self) -> None:
        with pytest.raises(ApiError, match="gone"):
            followed(ScriptedApi([refusal(404, "gone")]))

    def test_gives_up_after_a_while(self) -> None:
        with pytest.raises(httpx.ConnectError):
            followed(ScriptedApi([httpx.ConnectError("refused")]), give_up_s=-1.0)


class TestDetails:
    @pytest.mark.parametrize(
        ("given", "text"),
        [
            (None, "waiting for a worker"),
            (progress(), "–  accuracy –  errors 0"),
            (
                progress(rate_per_s=12.34, eta_s=59.4, accuracy=0.5),
                "12.3/s  ETA 59 s  accuracy 50.0 %  errors 0",
            ),
            (progress(executors=2), "–  accuracy –  2 workers  errors 0"),
            (progress(eta_s=125), "–  ETA 2 min 05 s  accuracy –  errors 0"),
            (progress(eta_s=59.7), "–  ETA 1 min 00 s  accuracy –  errors 0"),
            (progress(eta_s=7380), "–  ETA 2 h 03 min  accuracy –  errors 0"),
            (
                progress(failed=3, failures={"timeout": 2, "server": 1}),
                "–  accuracy –  errors 3 (2 timeout, 1 server)",
            ),
            (progress(waiting_s=12.2), "–  accuracy –  errors 0  rate limited, 12 s to wait"),
            (
                progress(waiting_s=4.2, waiting_for="the endpoint is loading the model"),
                "–  accuracy –  errors 0  the endpoint is loading the model, 4 s to wait",
            ),
            (progress(waiting_s=0.9), "–  accuracy –  errors 0"),
        ],
    )
    def test_line(self, given: ProgressOut | None, text: str) -> None:
        assert details(given) == text

    def test_the_place_in_the_queue(self) -> None:
        assert details(None, 3) == "number 3 in the queue"
        assert details(None, 1) == "waiting for a worker"

"""Tests of following: a connection that breaks, and what is said beside the bar."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.cli.client import Api, ApiError
from app.cli.follow import details, follow

Step = dict[str, Any] | Exception


def event(status: str, done: int = 0) -> dict[str, Any]:
    return {"status": status, "reason": None, "progress": progress(done=done)}


def progress(**fields: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"done": 0, "failed": 0, "accuracy": None, "failures": {}, "rate_per_s": None}
    return {**values, "eta_s": None, "waiting_s": 0.0, **fields}


class ScriptedApi(Api):
    """An API whose event streams are given: one list a connection."""

    def __init__(self, *streams: list[Step]) -> None:
        super().__init__("http://127.0.0.1:1")
        self.streams = list(streams)

    def events(self, experiment_id: str) -> Iterator[dict[str, Any]]:
        for step in self.streams.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step


def followed(api: Api, give_up_s: float = 120.0) -> str:
    """Follow without a pause."""
    return follow(api, "id", 3, reconnect_s=0.0, give_up_s=give_up_s)


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
            ApiError(503, {"message": "the database is away"}),
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
            followed(ScriptedApi([ApiError(404, {"message": "gone"})]))

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
            (progress(eta_s=125), "–  ETA 2 min 05 s  accuracy –  errors 0"),
            (progress(eta_s=59.7), "–  ETA 1 min 00 s  accuracy –  errors 0"),
            (progress(eta_s=7380), "–  ETA 2 h 03 min  accuracy –  errors 0"),
            (
                progress(failed=3, failures={"timeout": 2, "server": 1}),
                "–  accuracy –  errors 3 (2 timeout, 1 server)",
            ),
            (progress(waiting_s=12.2), "–  accuracy –  errors 0  rate limited, 12 s to wait"),
            (progress(waiting_s=0.9), "–  accuracy –  errors 0"),
        ],
    )
    def test_line(self, given: dict[str, Any] | None, text: str) -> None:
        assert details(given) == text

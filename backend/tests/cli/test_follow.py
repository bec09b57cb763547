"""Tests of following: a connection that breaks, and what is said beside the bar."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.cli import follow as module
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


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RECONNECT_S", 0.0)


class TestConnection:
    @pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "CANCELLED"])
    def test_to_the_end(self, status: str) -> None:
        assert follow(ScriptedApi([event("PENDING"), event("RUNNING"), event(status)]), "id", 3) == status

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
        assert follow(api, "id", 3) == "COMPLETED"
        assert api.streams == []

    def test_an_error_that_waiting_does_not_mend(self) -> None:
        with pytest.raises(ApiError, match="gone"):
            follow(ScriptedApi([ApiError(404, {"message": "gone"})]), "id", 3)

    def test_gives_up_after_a_while(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_GIVE_UP_S", -1.0)
        with pytest.raises(httpx.ConnectError):
            follow(ScriptedApi([httpx.ConnectError("refused")]), "id", 3)


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

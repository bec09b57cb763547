"""How the launcher waits for the API, without any process."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from app.core.processes import ManagedProcess, ProcessError
from app.launcher import Platform

T = TypeVar("T")
ELSEWHERE = SecretStr("postgresql://user:password@db.example/lab")


class ApiThatEnds(ManagedProcess):
    """Ends at its first starts, after a time; then it answers."""

    def __init__(self, failures: int) -> None:
        super().__init__("api", [], None)
        self.starts = 0
        self._failures = failures

    def start(self) -> None:
        self.starts += 1

    def wait_ready(self, ready: Callable[[], T | None], timeout_s: float) -> T:
        found = ready()
        if self.starts <= self._failures or found is None:
            raise ProcessError("api ended at start (exit code 3). The database does not answer.")
        return found


def platform(
    api: ApiThatEnds, tmp_path: Path, lived_s: float, *, patient: bool
) -> tuple[Platform, list[str]]:
    said: list[str] = []
    settings = Settings().model_copy(update={"home": tmp_path, "database_url": ELSEWHERE})
    made = Platform(settings, said.append, patient=patient)
    made._api = api
    made.url = "http://127.0.0.1:1"

    def start(child: ManagedProcess) -> None:
        child.start()
        made._started_at[child.name] = time.monotonic() - lived_s

    made._start_child = start  # type: ignore[method-assign]
    made._start_child(api)
    return made, said


def test_a_database_elsewhere_is_waited_for(tmp_path: Path) -> None:
    api = ApiThatEnds(failures=3)
    made, said = platform(api, tmp_path, lived_s=36, patient=True)
    made._wait_for_api()
    assert api.starts == 4
    assert len(said) == 3
    assert all("The database does not answer" in line for line in said)


@pytest.mark.parametrize(("lived_s", "patient"), [(36, False), (6, True)])
def test_not_by_a_command_and_not_after_an_error_that_stays(
    tmp_path: Path, lived_s: float, patient: bool
) -> None:
    api = ApiThatEnds(failures=3)
    made, _ = platform(api, tmp_path, lived_s, patient=patient)
    with pytest.raises(ProcessError):
        made._wait_for_api()
    assert api.starts == 1


def test_logs_go_where_they_are_wanted(tmp_path: Path) -> None:
    settings = Settings().model_copy(update={"home": tmp_path})
    assert Platform(settings, print)._log_of("api") == tmp_path / "logs" / "api.log"
    output = settings.model_copy(update={"log_to": "output"})
    assert Platform(output, print)._log_of("api") is None

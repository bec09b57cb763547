"""Each provider of the catalog, by its recorded answers, through the whole path: created, run, stored.

Waits are stated in hundredths of a second, and what the product waits by itself is cut to as little, so
that the whole of it takes seconds.
"""

from pathlib import Path
from typing import Any

import pytest
from tenacity import wait_none

from app.domain.status import ExperimentStatus
from app.services.execution.executor import Executor
from app.services.inference.catalog_file import load_catalog
from app.services.inference.limiter import adaptive
from app.services.inference.limiter.options import LimiterOptions
from app.services.inference.retry import RetryingEngine
from app.services.runtime import Runtime
from tests.fixtures.fake_llm import FakeLLM
from tests.providers.recorded import RECORDINGS, Recorded
from tests.support import create, runs_of, stored

SHIPPED = Path(__file__).resolve().parents[3] / "configs" / "models.yaml"
PROVIDERS = sorted(RECORDINGS)
ENDS = [(name, end["name"]) for name in PROVIDERS for end in RECORDINGS[name]["ends"]]
_SOON = LimiterOptions(
    first_probe_delay_s=0.002, longest_probe_delay_s=0.01, rate_window_s=0.02, rejected_delay_s=0.01
)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as servers ask, and hardly at all otherwise."""
    monkeypatch.setattr(adaptive, "LimiterOptions", lambda: _SOON)
    defaults = RetryingEngine.__init__.__kwdefaults__ or {}
    monkeypatch.setitem(defaults, "backoff", wait_none())


def prepare(
    server: FakeLLM, name: str, cases: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Recorded:
    """Have the server answer as the provider does, and the catalog find it there."""
    recording = RECORDINGS[name]
    for variable, value in recording["env"].items():
        monkeypatch.setenv(variable, value.replace("{root}", server.root))
    server.behaviour = Recorded(recording, cases)
    return server.behaviour


def test_every_provider_is_recorded() -> None:
    assert set(load_catalog(SHIPPED).providers) - {"local", "mock"} == set(RECORDINGS)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_answers(name: str, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = RECORDINGS[name]
    cases = recording["cases"]
    async with FakeLLM() as server:
        seen = prepare(server, name, cases, monkeypatch)
        method = {"name": "naive", "system": "Be brief."}
        experiment_id = await create(
            runtime, model=recording["model"], method=method, concurrency=4, max_failed_share=1, cache=False
        )
        assert await Executor(runtime, experiment_id).run() is ExperimentStatus.COMPLETED
    runs = await runs_of(runtime, experiment_id)
    assert seen.paths == {recording["path"]}
    for parameter, value in recording.get("sent", {}).items():
        assert all(body.get(parameter) == value for body in seen.bodies), parameter
    for number, run in enumerate(runs):
        case: dict[str, Any] = cases[number] if number < len(cases) else {"name": "plain", "turns": []}
        about = f"{name}: {case['name']}"
        calls = seen.called_at[number]
        fails = case.get("fails")
        assert run.failure_kind == fails, (about, run.failure_message)
        answered_first = case.get("answered", False)
        assert len(calls) == case.get("calls", len(case["turns"]) + (not fails and not answered_first)), about
        if not fails:
            expected = {"answer": f"thing {number}"} | case.get("run", {})
            assert {key: getattr(run, key) for key in expected} == expected, about
            stored_call = run.calls[-1]
            assert {key: stored_call.get(key) for key in case.get("call", {})} == case.get("call", {}), about
        if "waits_s" in case:
            assert case["waits_s"] <= calls[len(case["turns"])] - calls[len(case["turns"]) - 1] < 5, about
        assert case.get("says", "") in (run.failure_message or ""), about


@pytest.mark.parametrize(("name", "end"), ENDS)
async def test_ends(
    name: str, end: str, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = RECORDINGS[name]
    turn = next(one for one in recording["ends"] if one["name"] == end)
    async with FakeLLM() as server:
        seen = prepare(server, name, [{"turns": [turn], "always": True}] * 20, monkeypatch)
        method = {"name": "naive", **({"system": "Be brief."} if turn.get("system") else {})}
        experiment_id = await create(runtime, model=recording["model"], method=method, concurrency=1)
        assert await Executor(runtime, experiment_id).run() is ExperimentStatus.FAILED
    experiment = await stored(runtime, experiment_id)
    runs = await runs_of(runtime, experiment_id)
    assert {run.failure_kind for run in runs} == {turn["kind"]}
    for words in turn["says"]:
        assert words in (experiment.reason or ""), (words, experiment.reason)
    assert seen.stats.requests <= 4  # as many consumers as a slot has
    key = next(
        (value for variable, value in recording["env"].items() if variable.endswith(("KEY", "TOKEN"))), ""
    )
    assert not key or key not in (experiment.reason or "")

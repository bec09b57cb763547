"""Tests of experiments whose method reasons, and whose answers vote."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from app.core.errors import InvalidInput
from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import ExperimentStatus
from app.schemas.experiment_config import MAX_REPEATS, ExperimentConfig
from app.services.datasets.service import DatasetService
from app.services.execution.executor import Executor
from app.services.methods import cot
from app.services.methods.exemplars import Exemplar, ExemplarsError
from app.services.preview.service import PreviewService
from app.services.results.export import export_runs
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered
from tests.factories import config
from tests.support import create, metrics_of, runs_of, scripted, stored, submit

VOTING: dict[str, Any] = {
    "method": {"name": "cot", "shots": 1, "samples": 3},
    "params": {"temperature": 0.8},
}


@pytest.fixture
async def sums(runtime: Runtime) -> str:
    """A dataset of two sums."""
    rows = [
        {"question": f"What is {i} + {i}?", "answer": f"{i} + {i} = {2 * i}\n#### {2 * i}"} for i in (2, 3)
    ]
    async with runtime.sessions() as session:
        data = b"\n".join(orjson.dumps(row) for row in rows)
        await DatasetService(session).add_file("sums", "sums.jsonl", data, "gsm8k")
    return "sums"


async def by_sample(request: GenerationRequest) -> GenerationResult:
    """Answer 4 in the first two samples and 6 in the third."""
    return answered(f"Let me see.\nAnswer: {6 if request.repeat >= 2 * MAX_REPEATS else 4} apples.")


class TestVotes:
    async def test_are_stored_with_every_call(self, runtime: Runtime, sums: str) -> None:
        engine = ScriptedEngine(by_sample)
        means = scripted(runtime, engine)
        experiment_id = await create(means, sums, repeats=2, **VOTING)
        assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
        assert sorted(request.repeat for request in engine.calls) == sorted([0, 1, 100, 101, 200, 201] * 2)
        runs = await runs_of(means, experiment_id)
        assert len(runs) == 4
        for run in runs:
            assert (run.answer, run.output, run.parse_rule) == (
                "4",
                "Let me see.\nAnswer: 4 apples.",
                "answer_label",
            )
            votes = [(call["vote"]["counted_as"], call["vote"]["votes"]) for call in run.calls]
            assert votes == [("4", 2), ("4", 2), ("6", 1)]
            assert run.calls[0]["vote"]["parse_rule"] == "answer_label"
            assert [call["params"]["repeat"] - run.repeat for call in run.calls] == [0, 100, 200]
            assert run.latency_ms == pytest.approx(sum(call["latency_ms"] for call in run.calls))
            assert (run.prompt_tokens, run.completion_tokens) == (9, 6)
        assert [run.scores["number_flexible"]["value"] for run in runs] == [1, 1, 0, 0]
        exported = b"".join([piece async for piece in export_runs(means.sessions, experiment_id, "json")])
        assert orjson.loads(exported)[0]["calls"][2]["vote"]["answer"] == "6"

    async def test_once_answered_are_not_asked_again(self, runtime: Runtime, sums: str) -> None:
        engine = ScriptedEngine(by_sample)
        means = scripted(runtime, engine)
        for _ in range(2):
            experiment_id = await create(means, sums, **VOTING)
            await Executor(means, experiment_id).run()
        assert len(engine.calls) == 6
        assert all(run.cached and run.attempts == 0 for run in await runs_of(means, experiment_id))


class TestEstimate:
    async def test_counts_calls_not_runs(self, runtime: Runtime, sums: str) -> None:
        means = scripted(runtime, ScriptedEngine(by_sample))
        experiment_id = await create(means, sums, **VOTING)
        await Executor(means, experiment_id).run()
        per_s = (await metrics_of(means, experiment_id))["throughput_per_s"]
        async with means.sessions() as session:

            async def estimate(samples: int, **method: Any) -> Any:
                fields = {**VOTING, "method": {**VOTING["method"], "samples": samples, **method}}
                wanted = config(model="mock/gold", dataset={"name": sums}, **fields)
                return (await PreviewService(session, means).preview(wanted, None, 0)).estimate

            same, one, more_shots = await estimate(3), await estimate(1), await estimate(1, shots=3)
        assert (same.calls, same.prompt_tokens, same.completion_tokens) == (6, 18, 12)
        assert same.seconds == pytest.approx(2 / per_s)
        assert (one.calls, one.prompt_tokens, one.completion_tokens) == (2, 6, 4)
        assert one.seconds == pytest.approx(2 / 3 / per_s)
        assert more_shots.completion_tokens == 2 * 512

    async def test_goes_by_the_speed_of_this_method_if_it_is_known(self, runtime: Runtime, sums: str) -> None:
        means = scripted(runtime, ScriptedEngine(by_sample))
        naive = config(model="mock/gold", dataset={"name": sums})
        voting = config(model="mock/gold", dataset={"name": sums}, **VOTING)

        async def basis(wanted: ExperimentConfig) -> str:
            async with means.sessions() as session:
                return (await PreviewService(session, means).preview(wanted, None, 0)).estimate.basis

        await Executor(means, await submit(means, voting)).run()
        assert (await basis(naive)).endswith("with this model, but with the method cot.")
        await Executor(means, await submit(means, naive)).run()
        assert (await basis(naive)).endswith("with this model.")
        assert (await basis(voting)).endswith("with this model.")


class TestWorkedExamples:
    async def test_that_changed_meanwhile_end_the_experiment(
        self, runtime: Runtime, sums: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        means = scripted(runtime, engine := ScriptedEngine(by_sample))
        experiment_id = await create(means, sums, method={"name": "cot", "shots": 1})
        monkeypatch.setattr(cot, "load_exemplars", lambda *_: (Exemplar("new?", "new", "new"),))
        assert await Executor(means, experiment_id).run() is ExperimentStatus.FAILED
        assert "prompts are not what they were" in ((await stored(means, experiment_id)).reason or "")
        assert engine.calls == []

    async def test_that_cannot_be_read_are_named(
        self, runtime: Runtime, sums: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        experiment_id = await create(runtime, sums, method={"name": "cot"})

        def broken(*_: Any) -> Any:
            raise ExemplarsError("The worked examples in x.json cannot be read.")

        monkeypatch.setattr(cot, "load_exemplars", broken)
        with pytest.raises(InvalidInput) as caught:
            await create(runtime, sums, method={"name": "cot"})
        assert caught.value.errors[0].field == "method.exemplars"
        assert await Executor(runtime, experiment_id).run() is ExperimentStatus.FAILED
        assert (
            await stored(runtime, experiment_id)
        ).reason == "The worked examples in x.json cannot be read."

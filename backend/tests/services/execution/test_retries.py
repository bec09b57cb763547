"""Failed runs that are asked again in place."""

from typing import Any

import pytest

from app.core.access import acting_as
from app.core.errors import Conflict
from app.domain.generation import GenerationRequest, GenerationResult, Usage
from app.domain.status import ExperimentStatus, FailureKind
from app.services.execution.executor import Executor
from app.services.experiments.service import ExperimentService, RetryDetails
from app.services.inference.base import EngineError
from app.services.runs.spending_repository import spent_by
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered, question
from tests.support import cancel, create, dispatcher, metrics_of, result_of, runs_of, scripted, stored


class Flaky:
    """A script that refuses questions about some items, as long as it is told to."""

    def __init__(self, *items: int) -> None:
        self.refused = {f"item {item} " for item in items}

    async def __call__(self, request: GenerationRequest) -> GenerationResult:
        asked = question(request)
        if any(one in asked for one in self.refused):
            raise EngineError(FailureKind.REFUSED, f"not {asked}")
        return answered(asked.replace("What is item", "thing").partition(" of")[0], Usage(10, 2))


async def with_failures(runtime: Runtime, script: Flaky) -> tuple[Runtime, Any, ScriptedEngine]:
    """Run an experiment in which questions fail; return where, its id, and the engine."""
    engine = ScriptedEngine(script)
    means = scripted(runtime, engine)
    experiment_id = await create(means, max_failed_share=1.0)
    await Executor(means, experiment_id).run()
    return means, experiment_id, engine


async def retry(means: Runtime, experiment_id: Any) -> None:
    async with means.sessions() as session:
        with acting_as("ana"):
            await dispatcher(session, means).retry_failed(experiment_id)


async def retries_of(means: Runtime, experiment_id: Any) -> list[RetryDetails]:
    async with means.sessions() as session:
        return await ExperimentService(session, means).retries(experiment_id)


async def test_only_failed_runs_are_asked_again_in_place(runtime: Runtime, dataset: str) -> None:
    script = Flaky(3, 4, 7)
    means, experiment_id, engine = await with_failures(runtime, script)
    before = {run.example_id: run.id for run in await runs_of(means, experiment_id) if run.status == "ok"}
    assert (await stored(means, experiment_id)).failed_runs == 3
    script.refused = {"item 7 "}
    asked = len(engine.calls)
    await retry(means, experiment_id)
    assert await result_of(means, experiment_id) is None
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED

    assert sorted(question(call) for call in engine.calls[asked:]) == [
        f"What is item {item} of quiz?" for item in (3, 4, 7)
    ]
    runs = await runs_of(means, experiment_id)
    assert len(runs) == 20
    assert before.items() <= {run.example_id: run.id for run in runs if run.status == "ok"}.items()
    metrics = await metrics_of(means, experiment_id)
    assert (metrics["counts"]["ok"], metrics["counts"]["failed"]) == (19, 1)
    (made,) = await retries_of(means, experiment_id)
    made_counts = (made.retry.runs, made.retry.answered, made.retry.failed_again, made.retry.put_back)
    assert made_counts == (3, 2, 1, 0)
    assert made.retry.created_by == "ana"
    assert made.retry.ended_at is not None
    assert [(one.example_key, one.status) for one in made.failures] == [
        ("3", "ok"),
        ("4", "ok"),
        ("7", "failed"),
    ]
    assert made.failures[2].failure_message.startswith("not What is item 7")
    result = await result_of(means, experiment_id)
    assert result is not None
    assert [(one["by"], one["runs"]) for one in result.provenance["retries"]] == [("ana", 3)]


async def test_one_that_fails_twice_keeps_its_history(runtime: Runtime, dataset: str) -> None:
    means, experiment_id, _ = await with_failures(runtime, Flaky(5))
    for _ in range(2):
        await retry(means, experiment_id)
        await Executor(means, experiment_id).run()
    (failed,) = [run for run in await runs_of(means, experiment_id) if run.status == "failed"]
    made = await retries_of(means, experiment_id)
    assert [one.retry.failed_again for one in made] == [1, 1]
    assert [failure.run_id for one in made for failure in one.failures] == [failed.id, failed.id]


async def test_a_cancelled_retry_leaves_the_experiment_as_it_was(runtime: Runtime, dataset: str) -> None:
    means, experiment_id, _ = await with_failures(runtime, Flaky(3, 4))
    ids = [run.id for run in await runs_of(means, experiment_id)]
    metrics = await metrics_of(means, experiment_id)
    await retry(means, experiment_id)
    await cancel(means, experiment_id)
    experiment = await stored(means, experiment_id)
    assert (experiment.status, experiment.reason) == ("COMPLETED", None)
    assert [run.id for run in await runs_of(means, experiment_id)] == ids
    timed = {"wall_s", "throughput_per_s"}  # kept with the progress, in whole milliseconds
    after = await metrics_of(means, experiment_id)
    assert all(after[name] == value for name, value in metrics.items() if name not in timed)
    (made,) = await retries_of(means, experiment_id)
    assert (made.retry.answered, made.retry.put_back, made.retry.reason) == (0, 2, "Cancelled on request.")
    assert made.failures == []


async def test_an_experiment_that_cannot_go_on_is_complete_as_before(runtime: Runtime, dataset: str) -> None:
    script = Flaky(3, 4)
    means, experiment_id, engine = await with_failures(runtime, script)
    await retry(means, experiment_id)

    async def without_key(_: GenerationRequest) -> GenerationResult:
        raise EngineError(FailureKind.AUTH, "the key is wrong")

    engine._script = without_key
    await Executor(means, experiment_id).run()
    assert (await stored(means, experiment_id)).status == "COMPLETED"
    (made,) = await retries_of(means, experiment_id)
    assert made.retry.reason == "the key is wrong"
    assert len(await runs_of(means, experiment_id)) == 20


async def test_what_failed_runs_took_stays_in_the_sums(runtime: Runtime, dataset: str) -> None:
    """The first call of each question is answered and paid for; the second one fails at first."""
    failing = True

    async def script(request: GenerationRequest) -> GenerationResult:
        if failing and request.repeat:
            raise EngineError(FailureKind.REFUSED, "not twice")
        return answered("thing 1", Usage(10, 2))

    means = scripted(runtime, ScriptedEngine(script))
    experiment_id = await create(
        means,
        method={"name": "cot", "samples": 2},
        params={"temperature": 0.5},
        sample={"n": 2},
        max_failed_share=1.0,
        cache=False,
    )
    await Executor(means, experiment_id).run()
    failing = False
    await retry(means, experiment_id)
    await Executor(means, experiment_id).run()
    metrics = await metrics_of(means, experiment_id)
    assert metrics["counts"]["ok"] == 2
    assert metrics["tokens"]["prompt"] == 2 * 10 + 2 * 20
    async with means.sessions() as session:
        spent = await spent_by(session, [experiment_id])
    assert (spent.calls, spent.tokens) == (2 * 2 + 2 * 2, 2 * 12 + 2 * 24)


@pytest.mark.parametrize("ended", [True, False])
async def test_refused_without_failed_runs(runtime: Runtime, dataset: str, *, ended: bool) -> None:
    experiment_id = await create(runtime)
    if ended:
        await Executor(runtime, experiment_id).run()
    with pytest.raises(Conflict, match="no failed runs" if ended else "is PENDING"):
        await retry(runtime, experiment_id)

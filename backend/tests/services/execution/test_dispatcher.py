"""Tests of starting and resuming experiments, with and without a queue."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.core.embedded.valkey import EmbeddedValkey
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.queue import waiting_experiments
from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.services.execution.dispatcher import Dispatcher
from app.services.execution.executor import Executor
from app.services.experiments.service import ExperimentService
from app.services.inference.base import EngineError
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered, question
from tests.factories import config
from tests.fixtures.redis_proxy import ERRORS, RedisProxy
from tests.support import create, dispatcher, metrics_of, runs_of, scripted, stored, with_settings


def on_quiz(**fields: object) -> dict[str, object]:
    return {"dataset": {"name": "quiz"}, **fields}


async def set_experiments(runtime: Runtime, assignments: str) -> None:
    async with runtime.engine.begin() as database:
        await database.exec_driver_sql(f"update experiments set {assignments}")


def waiting(runtime: Runtime) -> set[str]:
    return waiting_experiments(runtime.redis_url, runtime.settings.queue)


@pytest.fixture
async def dispatch(runtime: Runtime) -> AsyncIterator[Dispatcher]:
    async with runtime.sessions() as session:
        yield dispatcher(session, runtime)


class TestStart:
    async def test_queues_once(
        self, runtime: Runtime, experiments: ExperimentService, dispatch: Dispatcher, dataset: str
    ) -> None:
        experiment = await experiments.create(config(**on_quiz()))
        assert not experiment.queued
        started = await dispatch.start(experiment.id)
        assert started.queued
        assert started.queued_at is not None
        assert waiting(runtime) == {str(experiment.id)}
        with pytest.raises(Conflict, match="queued already"):
            await dispatch.start(experiment.id)

    @pytest.mark.parametrize(
        ("status", "said"), [("RUNNING", "is running already"), ("COMPLETED", "it is COMPLETED")]
    )
    async def test_one_that_was_started(
        self, runtime: Runtime, dispatch: Dispatcher, dataset: str, status: str, said: str
    ) -> None:
        experiment_id = await create(runtime)
        await set_experiments(runtime, f"status = '{status}'")
        with pytest.raises(Conflict, match=said):
            await dispatch.start(experiment_id)

    async def test_a_missing_key_is_named_before_anything_runs(
        self, runtime: Runtime, experiments: ExperimentService, dispatch: Dispatcher, dataset: str
    ) -> None:
        experiment = await experiments.create(config(**on_quiz(model="openai/gpt-4o-mini")))
        with pytest.raises(InvalidInput, match="set OPENAI_API_KEY") as refused:
            await dispatch.start(experiment.id)
        assert [error.field for error in refused.value.errors] == ["model"]
        assert (await stored(runtime, experiment.id)).queued_at is None
        assert waiting(runtime) == set()


class TestResume:
    async def test_a_failed_one_as_a_child_that_asks_for_the_rest(
        self, runtime: Runtime, dataset: str
    ) -> None:
        broken = True

        async def script(request: GenerationRequest) -> GenerationResult:
            asked = question(request)
            if broken and int(asked.split()[3]) >= 12:
                raise EngineError(FailureKind.BAD_REQUEST, "not now")
            return answered(asked)

        engine = ScriptedEngine(script)
        means = scripted(runtime, engine)
        parent_id = await create(means, concurrency=1)
        await Executor(means, parent_id).run()
        rows = [row for row in await runs_of(runtime, parent_id) if row.status == "ok"]
        assert len(rows) == 12
        broken = False
        async with runtime.sessions() as session:
            child = await dispatcher(session, means).resume(parent_id)
        assert waiting(runtime) >= {str(child.id)}
        assert child.id != parent_id
        assert child.parent_id == parent_id
        assert child.config == (await stored(runtime, parent_id)).config
        engine.calls.clear()
        await Executor(means, child.id).run()
        assert len(engine.calls) == 8
        counts = (await metrics_of(runtime, child.id))["counts"]
        assert (counts["ok"], counts["cached"]) == (20, 12)
        assert (await stored(runtime, parent_id)).status == "FAILED"

    async def test_without_a_cache_nothing_is_paid_twice(self, runtime: Runtime, dataset: str) -> None:
        broken = True

        async def script(request: GenerationRequest) -> GenerationResult:
            if broken and int(question(request).split()[3]) >= 12:
                raise EngineError(FailureKind.BAD_REQUEST, "not now")
            return answered(question(request))

        engine = ScriptedEngine(script)
        means = scripted(runtime, engine)
        # What others were answered is not taken: each experiment without a cache asks for itself.
        for _ in range(2):
            parent_id = await create(means, concurrency=1, cache=False, repeats=2)
            await Executor(means, parent_id).run()
        answers = [run for run in await runs_of(runtime, parent_id) if run.status == "ok"]
        assert len(engine.calls) > 2 * len(answers)
        assert not any(run.cached for run in answers)
        broken = False
        engine.calls.clear()
        for parent in (parent_id, None):
            async with runtime.sessions() as session:
                if parent is not None:
                    child = await dispatcher(session, means).resume(parent)
                else:  # what is resumed may itself have resumed
                    await session.execute(text("update experiments set status = 'FAILED'"))
                    await session.commit()
                    child = await dispatcher(session, means).resume(child.id)
            await Executor(means, child.id).run()
            assert len(engine.calls) == 40 - len(answers)
        runs = await runs_of(runtime, child.id)
        assert [run.cached for run in runs] == [True] * 40
        assert [run.answer for run in runs[: len(answers)]] == [run.answer for run in answers]
        metrics = await metrics_of(runtime, child.id)
        assert (metrics["tokens"]["prompt"], metrics["saved_tokens"]["prompt"]) == (0, 3 * 40)

    async def test_a_clone_without_a_cache_asks_for_itself(self, runtime: Runtime, dataset: str) -> None:
        engine = ScriptedEngine("an answer")
        means = scripted(runtime, engine)
        parent_id = await create(means, cache=False)
        await Executor(means, parent_id).run()
        async with runtime.sessions() as session:
            clone = await ExperimentService(session, means).create(
                config(**on_quiz(model="mock/gold", cache=False)), parent_id=parent_id
            )
            await dispatcher(session, means).start(clone.id)
        await Executor(means, clone.id).run()
        assert len(engine.calls) == 40

    async def test_one_that_nobody_works_on(
        self, runtime: Runtime, dispatch: Dispatcher, dataset: str
    ) -> None:
        experiment_id = await create(runtime)
        await set_experiments(runtime, "status = 'RUNNING', heartbeat_at = null")
        assert (await dispatch.resume(experiment_id)).id == experiment_id
        assert waiting(runtime) == {str(experiment_id)}

    async def test_one_that_was_never_started(
        self, runtime: Runtime, experiments: ExperimentService, dispatch: Dispatcher, dataset: str
    ) -> None:
        experiment = await experiments.create(config(**on_quiz()))
        assert (await dispatch.resume(experiment.id)).id == experiment.id
        assert waiting(runtime) == {str(experiment.id)}

    @pytest.mark.parametrize(
        ("assignments", "said"),
        [
            ("status = 'COMPLETED'", "complete"),
            ("status = 'RUNNING', heartbeat_at = now() + interval '1 hour'", "does not need to be resumed"),
        ],
    )
    async def test_one_that_needs_none(
        self, runtime: Runtime, dispatch: Dispatcher, dataset: str, assignments: str, said: str
    ) -> None:
        experiment_id = await create(runtime)
        await set_experiments(runtime, assignments)
        with pytest.raises(Conflict, match=said):
            await dispatch.resume(experiment_id)

    async def test_one_that_does_not_exist(self, dispatch: Dispatcher) -> None:
        for call in (dispatch.start, dispatch.resume):
            with pytest.raises(NotFound):
                await call(uuid.uuid4())

    async def test_a_deleted_one(
        self, experiments: ExperimentService, dispatch: Dispatcher, runtime: Runtime, dataset: str
    ) -> None:
        experiment_id = await create(runtime)
        await experiments.delete(experiment_id)
        for call in (dispatch.start, dispatch.resume):
            with pytest.raises(NotFound):
                await call(experiment_id)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", ""], ids=["redis_away", "no_redis"])
class TestWithoutQueue:
    async def test_the_work_is_handed_to_this_process(self, runtime: Runtime, dataset: str, url: str) -> None:
        means = with_settings(runtime, redis_url=SecretStr(url))
        work: list[Callable[[], Awaitable[None]]] = []
        async with means.sessions() as session:
            experiment = await ExperimentService(session, means).create(config(**on_quiz(model="mock/gold")))
            started = await Dispatcher(session, means, run_here=work.append).start(experiment.id)
        assert started.queued
        (run,) = work
        await run()
        ended = await stored(runtime, experiment.id)
        assert (ended.status, ended.queued) == ("COMPLETED", False)
        assert ended.progress_snapshot is not None
        assert ended.progress_snapshot.mode == "in_process"


@pytest.mark.parametrize("kind", ERRORS)
async def test_whatever_redis_refuses_with_it_runs_here(
    runtime: Runtime, valkey: EmbeddedValkey, experiments: ExperimentService, dataset: str, kind: str
) -> None:
    here: list[object] = []
    async with RedisProxy(valkey.url) as proxy, runtime.sessions() as session:
        proxy.answer(ERRORS[kind])
        experiment = await experiments.create(config(**on_quiz()))
        means = with_settings(runtime, redis_url=SecretStr(proxy.url))
        await Dispatcher(session, means, here.append).start(experiment.id)
        assert len(here) == 1
        assert proxy.refused
    assert not waiting(runtime)

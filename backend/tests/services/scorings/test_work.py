"""The work on scorings: what is asked of models, what is lacking, and what goes on after trouble."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import ExperimentStatus, FailureKind
from app.models import ScoringRow
from app.schemas.experiment_config import Faithfulness, ScorerOptions
from app.schemas.scoring import ScoringCreate, ScoringOut
from app.services.execution.executor import Executor
from app.services.execution.recovery import requeue_lost
from app.services.inference.base import EngineError
from app.services.knowledge.service import KnowledgeService
from app.services.runs.scores_repository import ScoresRepository
from app.services.runs.scoring_repository import ScoringRepository
from app.services.runtime import Runtime
from app.services.scorings.service import ScoringService
from app.services.scorings.work import ScoringWork, is_scoring
from tests.engines import ScriptedEngine, answered
from tests.support import create, dispatcher, scripted
from tests.tiny_models import TinyModels, articles_jsonl

READS = "The answer that the reply gives"
"""What the prompt of a reader model says."""


async def ask(runtime: Runtime, experiment_id: uuid.UUID, wanted: ScoringCreate) -> ScoringOut:
    """Ask for a scoring, whose work is left to the test."""
    async with runtime.sessions() as session:
        return await ScoringService(session, runtime, lambda _: None).create(experiment_id, wanted)


async def found(runtime: Runtime, experiment_id: uuid.UUID, name: str) -> ScoringOut:
    async with runtime.sessions() as session:
        return await ScoringService(session, runtime, lambda _: None).get(experiment_id, name)


async def test_only_the_scorer_asks_its_model(runtime: Runtime, dataset: str) -> None:
    async def model(request: GenerationRequest) -> GenerationResult:
        return answered("none" if READS in request.messages[-1].content else "thing 4")

    means = scripted(runtime, engine := ScriptedEngine(model))
    experiment_id = await create(means, cache=False)
    await Executor(means, experiment_id).run()
    asked = len(engine.calls)
    wanted = ScoringCreate(name="read", scorers={"reader_model": ScorerOptions(model="mock/hash")})
    scoring = await ask(means, experiment_id, wanted)
    assert await is_scoring(means, scoring.id)
    assert not await is_scoring(means, experiment_id)
    await ScoringWork(means, scoring.id).run()
    made = await found(means, experiment_id, "read")
    assert made.status == "COMPLETED"
    assert {one.score: one.before for one in made.changes}["reader_match"] is None
    prompts = [call.messages[-1].content for call in engine.calls[asked:]]
    assert prompts
    assert all(READS in prompt for prompt in prompts)


async def test_retried_runs_are_missing_until_it_is_asked_again(runtime: Runtime, dataset: str) -> None:
    failing = True

    async def model(request: GenerationRequest) -> GenerationResult:
        if failing and "item 3 " in request.messages[-1].content:
            raise EngineError(FailureKind.REFUSED, "not today")
        return answered("thing 4")

    means = scripted(runtime, ScriptedEngine(model))
    experiment_id = await create(means)
    await Executor(means, experiment_id).run()
    wanted = ScoringCreate(name="again", parser="current")
    await ScoringWork(means, (await ask(means, experiment_id, wanted)).id).run()
    assert ((before := await found(means, experiment_id, "again")).done, before.missing) == (19, 0)
    failing = False
    async with means.sessions() as session:
        await dispatcher(session, means).retry_failed(experiment_id)
    await Executor(means, experiment_id).run()
    assert (await found(means, experiment_id, "again")).missing == 1
    again = await ask(means, experiment_id, wanted)
    assert (again.id, again.status) == (before.id, "PENDING")
    await ScoringWork(means, again.id).run()
    after = await found(means, experiment_id, "again")
    assert (after.status, after.done, after.missing) == ("COMPLETED", 20, 0)


async def test_a_crash_is_a_reason_and_a_dead_worker_is_replaced(
    runtime: Runtime, dataset: str, monkeypatch: Any
) -> None:
    experiment_id = await create(runtime)
    await Executor(runtime, experiment_id).run()
    scoring = await ask(runtime, experiment_id, ScoringCreate(name="mine"))
    async with runtime.sessions() as session:  # a worker has begun, and died
        await session.execute(
            update(ScoringRow).values(status="RUNNING", heartbeat_at=datetime(2020, 1, 1, tzinfo=UTC))
        )
        await session.commit()
        assert await ScoringRepository(session).unattended(10.0) == [scoring.id]
    await requeue_lost(runtime)  # its job is still on the queue
    with monkeypatch.context() as broken:
        broken.setattr(ScoringWork, "_examples", lambda *_: 1 / 0)
        await ScoringWork(runtime, scoring.id).run()
    failed = await found(runtime, experiment_id, "mine")
    assert (failed.status, failed.reason) == ("FAILED", "Internal error: ZeroDivisionError: division by zero")
    await ScoringWork(runtime, scoring.id).run()  # nothing is left to do
    assert (await found(runtime, experiment_id, "mine")).status == "FAILED"
    await ScoringWork(runtime, (await ask(runtime, experiment_id, ScoringCreate(name="mine"))).id).run()
    assert (await found(runtime, experiment_id, "mine")).status == "COMPLETED"


async def test_calls_of_scorers_count_for_the_day(runtime: Runtime, dataset: str) -> None:
    async def model(request: GenerationRequest) -> GenerationResult:
        return answered("none" if READS in request.messages[-1].content else "thing 4")

    means = scripted(runtime, engine := ScriptedEngine(model))
    experiment_id = await create(means, cache=False)
    await Executor(means, experiment_id).run()
    asked = len(engine.calls)
    limited = scripted(runtime, engine, daily_budget_calls=asked + 3)
    wanted = ScoringCreate(name="read", scorers={"reader_model": ScorerOptions(model="mock/hash")})
    scoring = await ask(limited, experiment_id, wanted)
    await ScoringWork(limited, scoring.id).run()
    made = await found(limited, experiment_id, "read")
    assert len(engine.calls) == asked + 3
    assert made.status == "FAILED"
    assert (made.reason or "").startswith(f"The platform's budget of {asked + 3} calls for 20")


async def test_passages_are_judged_by_a_model_of_inference(
    runtime: Runtime, dataset: str, tiny_models: TinyModels
) -> None:
    async with runtime.sessions() as session:
        await KnowledgeService(session).add_files("towers", [("a.jsonl", articles_jsonl())])
    method = tiny_models.rag(variant="naive", top_k=2)
    judge = Faithfulness(judge="nli", model=str(tiny_models.nli))

    async def model(_: GenerationRequest) -> GenerationResult:
        return answered("The old castle")

    means = scripted(runtime, engine := ScriptedEngine(model))
    plain = await create(means, method=method)
    judged = await create(means, method=method, faithfulness=judge.model_dump())
    for one in (plain, judged):
        assert await Executor(means, one).run() is ExperimentStatus.COMPLETED
    asked = len(engine.calls)
    scoring = await ask(means, plain, ScoringCreate(faithfulness=judge))
    assert scoring.name == "judge-nli"
    await ScoringWork(means, scoring.id).run()
    made = await found(means, plain, "judge-nli")
    assert (made.status, made.done, len(engine.calls)) == ("COMPLETED", 20, asked)
    # As if it had been judged while it ran.
    async with runtime.sessions() as session:
        scores = ScoresRepository(session)
        again = await scores.by_question(plain, "faithfulness", made.id)
        original = await scores.by_question(judged, "faithfulness")
    assert {key: one.value for key, one in again.items()} == {
        key: pytest.approx(one.value) for key, one in original.items()
    }
    assert all(isinstance(one.value, float) and 0 <= one.value <= 1 for one in again.values())
    (change,) = [one for one in made.changes if one.score == "faithfulness"]
    assert (change.n, change.before) == (20, None)

"""Tests of the runner: what is stored, and what ends an experiment."""

import asyncio
import uuid
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.examples import Example
from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.prediction import Prediction
from app.domain.status import ExperimentStatus, FailureKind
from app.services.datasets.service import DatasetService
from app.services.execution.executor import Executor, run_experiment
from app.services.execution.writer import GroupCommitWriter
from app.services.inference.base import EngineError
from app.services.inference.engines.local import stop_servers
from app.services.methods.base import Context
from app.services.methods.naive import NaiveMethod
from app.services.runs.repository import RunRepository
from app.services.runtime import Runtime, local_options
from tests.engines import ScriptedEngine, answered, question
from tests.factories import questions_jsonl
from tests.support import (
    create,
    leases_of,
    metrics_of,
    pairs,
    result_of,
    runs_of,
    scripted,
    stored,
    with_settings,
)


async def run(runtime: Runtime, **fields: Any) -> tuple[uuid.UUID, ExperimentStatus | None]:
    """Create and start an experiment, and work on it here."""
    experiment_id = await create(runtime, **fields)
    return experiment_id, await Executor(runtime, experiment_id).run()


def failing(kind: FailureKind, *numbers: int) -> ScriptedEngine:
    """Return an engine that fails on the questions with these numbers, and answers the others."""
    bad = {f"What is item {number} of quiz?" for number in numbers}

    async def script(request: GenerationRequest) -> GenerationResult:
        asked = question(request)
        if asked in bad:
            raise EngineError(kind, f"no answer: {kind}")
        return answered(asked)

    return ScriptedEngine(script)


class TestCompletes:
    async def test_every_question_is_answered_and_scored(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, status = await run(runtime, seed=3)
        assert status is ExperimentStatus.COMPLETED
        metrics = await metrics_of(runtime, experiment_id)
        assert metrics["counts"]["ok"] == 20
        assert metrics["scores"]["exact_match"]["value"] == 1.0
        experiment = await stored(runtime, experiment_id)
        assert (experiment.status, experiment.reason) == ("COMPLETED", None)
        assert await leases_of(runtime, experiment_id) == []
        assert experiment.started_at is not None
        assert experiment.finished_at is not None

    async def test_rows_hold_the_call_as_sent_and_answered(self, runtime: Runtime, dataset: str) -> None:
        engine = failing(FailureKind.SERVER)
        experiment_id, _ = await run(scripted(runtime, engine), params={"max_tokens": 7}, seed=5)
        row = (await runs_of(runtime, experiment_id))[0]
        (call,) = row.calls
        prompt = "Question: What is item 0 of quiz?\nAnswer:"
        assert call["messages"] == [{"role": "user", "content": prompt}]
        assert call["params"] | {"max_tokens": 7, "seed": 5, "repeat": 0} == call["params"]
        assert (call["text"], row.output, row.attempts) == ("What is item 0 of quiz?", call["text"], 1)
        assert (row.prompt_tokens, row.completion_tokens, row.cached) == (3, 2, False)
        assert engine.closed == 1

    async def test_repeats_are_never_collapsed(self, runtime: Runtime, dataset: str) -> None:
        engine = failing(FailureKind.SERVER)
        experiment_id, _ = await run(scripted(runtime, engine), repeats=3, sample={"n": 4})
        rows = await runs_of(runtime, experiment_id)
        assert [row.repeat for row in rows] == [0, 1, 2] * 4
        assert len({(question(call), call.repeat) for call in engine.calls}) == len(engine.calls) == 12
        assert not any(row.cached for row in rows)

    async def test_limit_takes_a_sample_by_seed(self, runtime: Runtime, dataset: str) -> None:
        first, _ = await run(runtime, sample={"n": 5}, seed=1)
        again, _ = await run(runtime, sample={"n": 5}, seed=1)
        other, _ = await run(runtime, sample={"n": 5}, seed=2)
        chosen = [pairs(await runs_of(runtime, each)) for each in (first, again, other)]
        assert len(chosen[0]) == 5
        assert chosen[0] == chosen[1] != chosen[2]

    async def test_more_questions_than_a_page(self, runtime: Runtime) -> None:
        async with runtime.sessions() as session:
            await DatasetService(session).add_file("large", "large.jsonl", questions_jsonl(1100, "large"))
        experiment_id, status = await run(runtime, dataset="large", concurrency=64)
        assert status is ExperimentStatus.COMPLETED
        rows = await runs_of(runtime, experiment_id)
        assert len(set(pairs(rows))) == len(rows) == 1100

    async def test_never_more_in_flight_than_asked_for(self, runtime: Runtime, dataset: str) -> None:
        in_flight = highest = 0

        async def script(request: GenerationRequest) -> GenerationResult:
            nonlocal in_flight, highest
            in_flight += 1
            highest = max(highest, in_flight)
            await asyncio.sleep(0.002)
            in_flight -= 1
            return answered()

        await run(scripted(runtime, ScriptedEngine(script)), concurrency=3)
        assert highest == 3

    async def test_in_the_apis_own_process(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        await run_experiment(runtime, experiment_id, "in_process")
        experiment = await stored(runtime, experiment_id)
        assert experiment.status == "COMPLETED"
        assert (experiment.progress or {})["mode"] == "in_process"


class TestFailedRuns:
    @pytest.mark.parametrize("kind", [kind for kind in FailureKind if not kind.fatal])
    async def test_is_stored_with_its_kind(self, runtime: Runtime, dataset: str, kind: FailureKind) -> None:
        means = scripted(runtime, failing(kind, 4), max_attempts=1)
        experiment_id, status = await run(means)
        assert status is ExperimentStatus.COMPLETED
        rows = await runs_of(runtime, experiment_id)
        (failed,) = [row for row in rows if row.status == "failed"]
        assert (failed.failure_kind, failed.failure_message) == (kind, f"no answer: {kind}")
        assert failed.calls[0]["messages"][0]["content"].startswith("Question: What is item 4 ")
        assert (failed.exact_match, failed.scores, failed.latency_ms) == (None, {}, None)
        counts = (await metrics_of(runtime, experiment_id))["counts"]
        assert (counts["ok"], counts["failed"], counts["failures"]) == (19, 1, {str(kind): 1})

    async def test_an_endpoint_that_is_unavailable_for_too_long_ends_it(
        self, runtime: Runtime, dataset: str
    ) -> None:
        engine = ScriptedEngine(
            EngineError(FailureKind.UNAVAILABLE, "HTTP 503", waiting_for="the endpoint is loading the model")
        )
        means = scripted(runtime, engine, rate_limit_patience_s=0)
        experiment_id, status = await run(means, concurrency=2, max_failed_share=1)
        assert status is ExperimentStatus.FAILED
        reason = (await stored(runtime, experiment_id)).reason or ""
        assert reason.startswith(
            "For longer than LLMFORGE_RATE_LIMIT_PATIENCE_S (0 s), the endpoint is loading"
        )

    @pytest.mark.parametrize("kind", [kind for kind in FailureKind if kind.fatal and not kind.retryable])
    async def test_fatal_ends_the_experiment_at_once(
        self, runtime: Runtime, dataset: str, kind: FailureKind
    ) -> None:
        async def script(request: GenerationRequest) -> GenerationResult:
            if question(request) == "What is item 0 of quiz?":
                raise EngineError(kind, f"no answer: {kind}")
            await asyncio.Event().wait()  # what is in flight is not waited for
            raise AssertionError

        engine = ScriptedEngine(script)
        experiment_id, status = await run(scripted(runtime, engine), concurrency=2, max_failed_share=1)
        assert status is ExperimentStatus.FAILED
        experiment = await stored(runtime, experiment_id)
        assert experiment.reason == f"no answer: {kind}"
        assert len(engine.calls) <= 3
        (row,) = await runs_of(runtime, experiment_id)
        assert row.failure_kind == kind
        assert engine.closed == 1

    async def test_only_what_may_help_is_tried_again(self, runtime: Runtime, dataset: str) -> None:
        means = scripted(runtime, failing(FailureKind.SERVER, 1), max_attempts=2)
        server, _ = await run(means, sample={"n": 20})
        means = scripted(runtime, failing(FailureKind.BAD_REQUEST, 1), max_attempts=2)
        refused, _ = await run(means, cache=False)
        attempts = {
            row.failure_kind: row.attempts
            for experiment_id in (server, refused)
            for row in await runs_of(runtime, experiment_id)
            if row.status == "failed"
        }
        assert attempts == {"server": 2, "bad_request": 1}

    async def test_a_crash_of_the_method_is_a_failed_run(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = NaiveMethod.__call__

        async def crashing(self: NaiveMethod, example: Example, context: Context) -> Prediction:
            if example.question == "What is item 7 of quiz?":
                raise KeyError("a\0defect \ud800")
            return await real(self, example, context)

        monkeypatch.setattr(NaiveMethod, "__call__", crashing)
        experiment_id, status = await run(runtime)
        assert status is ExperimentStatus.COMPLETED
        (failed,) = [row for row in await runs_of(runtime, experiment_id) if row.status == "failed"]
        assert failed.failure_kind == "internal"
        assert (failed.failure_message or "").startswith("KeyError: ")
        assert (await metrics_of(runtime, experiment_id))["counts"]["ok"] == 19

    async def test_text_that_postgres_cannot_hold(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Odd(Exception):
            def __str__(self) -> str:
                return "nul \0, half a pair \ud83d"

        async def crashing(self: NaiveMethod, example: Example, context: Context) -> Prediction:
            raise Odd

        monkeypatch.setattr(NaiveMethod, "__call__", crashing)
        experiment_id, status = await run(runtime, max_failed_share=1)
        assert status is ExperimentStatus.COMPLETED
        messages = {row.failure_message for row in await runs_of(runtime, experiment_id)}
        assert messages == {"Odd: nul \ufffd, half a pair ?"}

    async def test_the_database_refuses_runs(
        self,
        runtime: Runtime,
        dataset: str,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """The reason is a sentence: no SQL, nor what was asked and answered."""

        async def refused(self: RunRepository, *_: object) -> None:
            prompts = {"prompts": "What is item 7 of quiz? " * 500}
            await self._session.execute(text("select nothing from runs where answer = :prompts"), prompts)

        monkeypatch.setattr(RunRepository, "add", refused)
        experiment_id, status = await run(runtime)
        assert status is ExperimentStatus.FAILED
        reason = (await stored(runtime, experiment_id)).reason
        assert reason == (
            'Internal error: The database refused: column "nothing" does not exist (UndefinedColumnError).'
        )
        assert "item 7" not in caplog.text


class TestTooManyFailures:
    async def test_stops_early_and_keeps_the_good_runs(self, runtime: Runtime, dataset: str) -> None:
        engine = failing(FailureKind.BAD_REQUEST, 5, 8, 11)
        experiment_id, status = await run(scripted(runtime, engine), concurrency=1)
        assert status is ExperimentStatus.FAILED
        reason = (await stored(runtime, experiment_id)).reason or ""
        assert "3 of 12 runs failed (3 × bad_request)" in reason
        assert "max_failed_share (0.1 of 20)" in reason
        assert "Last: no answer: bad_request" in reason
        counts = (await metrics_of(runtime, experiment_id))["counts"]
        assert counts["failed"] == 3
        assert 9 <= counts["ok"] < 17
        assert counts["missing"] == 20 - counts["ok"] - 3
        assert counts["missing"] - (20 - len(engine.calls)) in {0, 1}  # one may be in flight at the end

    async def test_a_heartbeat_that_finds_it_too_leaves_time_to_store(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = GroupCommitWriter.flush

        async def slow(self: GroupCommitWriter) -> None:
            await asyncio.sleep(0.2)
            await real(self)

        monkeypatch.setattr(GroupCommitWriter, "flush", slow)
        monkeypatch.setattr(GroupCommitWriter, "_let_gather", lambda _: asyncio.sleep(0.4))
        means = scripted(runtime, failing(FailureKind.BAD_REQUEST, 5, 8, 11), heartbeat_s=0.02)
        experiment_id, status = await run(means, concurrency=1)
        assert status is ExperimentStatus.FAILED
        assert len(await runs_of(runtime, experiment_id)) >= 12

    async def test_exactly_the_share_is_allowed(self, runtime: Runtime, dataset: str) -> None:
        _, status = await run(scripted(runtime, failing(FailureKind.BAD_REQUEST, 5, 8)))
        assert status is ExperimentStatus.COMPLETED

    async def test_none_allowed(self, runtime: Runtime, dataset: str) -> None:
        means = scripted(runtime, failing(FailureKind.BAD_REQUEST, 19))
        experiment_id, status = await run(means, max_failed_share=0)
        assert status is ExperimentStatus.FAILED
        assert len([row for row in await runs_of(runtime, experiment_id) if row.status == "ok"]) == 19

    async def test_all_allowed(self, runtime: Runtime, dataset: str) -> None:
        means = scripted(runtime, failing(FailureKind.BAD_REQUEST, *range(20)))
        experiment_id, status = await run(means, max_failed_share=1)
        assert status is ExperimentStatus.COMPLETED
        metrics = await metrics_of(runtime, experiment_id)
        assert (metrics["counts"]["failed"], metrics["scores"]) == (20, {})

    async def test_the_first_twenty_all_failing(self, runtime: Runtime) -> None:
        async with runtime.sessions() as session:
            await DatasetService(session).add_file("large", "large.jsonl", questions_jsonl(300, "large"))

        async def script(request: GenerationRequest) -> GenerationResult:
            raise EngineError(FailureKind.BAD_REQUEST, "nothing works")

        engine = ScriptedEngine(script)
        means = scripted(runtime, engine)
        experiment_id, status = await run(means, dataset="large", concurrency=1, max_failed_share=0.9)
        assert status is ExperimentStatus.FAILED
        assert "20 of 20 runs failed" in ((await stored(runtime, experiment_id)).reason or "")
        rows = await runs_of(runtime, experiment_id)
        assert 20 <= len(engine.calls) == len(rows) < 60


class TestCannotBegin:
    async def test_the_model_has_changed(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        async with runtime.engine.begin() as database:
            await database.exec_driver_sql(
                "update experiments set provenance = jsonb_set(provenance, '{model_fingerprint}', '\"old\"')"
            )
        assert await Executor(runtime, experiment_id).run() is ExperimentStatus.FAILED
        experiment = await stored(runtime, experiment_id)
        assert "mock/gold is not what it was when the experiment was created" in (experiment.reason or "")
        assert "Clone" in (experiment.reason or "")
        assert await result_of(runtime, experiment_id) is None

    async def test_the_key_has_gone(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "a key that will go")
        experiment_id = await create(runtime, model="openai/gpt-4o-mini")
        monkeypatch.delenv("OPENAI_API_KEY")
        assert await Executor(runtime, experiment_id).run() is ExperimentStatus.FAILED
        assert "OPENAI_API_KEY" in ((await stored(runtime, experiment_id)).reason or "")

    async def test_an_earlier_executor_died_after_too_many_failures(
        self, runtime: Runtime, dataset: str
    ) -> None:
        means = scripted(runtime, failing(FailureKind.BAD_REQUEST, 1, 2, 3))
        experiment_id, _ = await run(means, concurrency=1)
        async with runtime.engine.begin() as database:
            await database.exec_driver_sql("update experiments set status = 'RUNNING', heartbeat_at = null")
        engine = failing(FailureKind.SERVER)
        assert await Executor(scripted(runtime, engine), experiment_id).run() is ExperimentStatus.FAILED
        assert engine.calls == []


class TestSameAgain:
    async def test_same_seed_gives_equal_rows(self, runtime: Runtime, dataset: str) -> None:
        columns = ("example_id", "repeat", "status", "failure_kind", "output", "answer", "scores", "f1")
        means = with_settings(runtime, max_attempts=1)
        seen = []
        for _ in range(2):
            model = "mock/gold?accuracy=0.5&fail_rate=0.2"
            experiment_id, _ = await run(
                means, model=model, repeats=2, cache=False, max_failed_share=1, seed=9
            )
            rows = await runs_of(runtime, experiment_id)
            seen.append([tuple(getattr(row, column) for column in columns) for row in rows])
        assert seen[0] == seen[1]
        assert {row[2] for row in seen[0]} == {"ok", "failed"}
        assert {row[7] for row in seen[0]} >= {0.0, 1.0}

    async def test_what_is_answered_comes_from_the_cache(self, runtime: Runtime, dataset: str) -> None:
        engine = failing(FailureKind.SERVER)
        first, _ = await run(scripted(runtime, engine))
        again, _ = await run(scripted(runtime, engine))
        anew, _ = await run(scripted(runtime, engine), cache=False)
        assert len(engine.calls) == 40
        cached = [(await metrics_of(runtime, each))["counts"]["cached"] for each in (first, again, anew)]
        assert cached == [0, 20, 0]
        latency = (await metrics_of(runtime, again))["latency_ms"]
        assert latency["n"] == 0

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the server stays
    async def test_local_model_at_temperature_zero(self, runtime: Runtime) -> None:
        words = ("Paris", "water", "blue", "seven", "Monday", "bread")
        lines = "\n".join(f'{{"question": "Say {word}.", "answer": "{word}"}}' for word in words)
        async with runtime.sessions() as session:
            await DatasetService(session).add_file("short", "short.jsonl", lines.encode())
        means = with_settings(runtime, local_slots=4, local_context=512, local_threads=1)
        model, params = "local/smollm2-135m-instruct", {"temperature": 0, "max_tokens": 12}
        outputs = []
        try:
            for _ in range(2):
                experiment_id, status = await run(
                    means, dataset="short", model=model, params=params, cache=False, concurrency=4
                )
                assert status is ExperimentStatus.COMPLETED
                rows = await runs_of(runtime, experiment_id)
                assert all(row.completion_tokens and row.prompt_tokens for row in rows)
                outputs.append([row.output for row in rows])
        finally:
            stop_servers(local_options(means.settings).state_dir)
        assert len(outputs[0]) == 6
        assert outputs[0] == outputs[1]

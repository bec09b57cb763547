"""Tests of experiments with agents: Wikipedia, cost against naive prompting, exports, nonsense."""

import random
import string
import uuid
from pathlib import Path
from typing import Any

import orjson

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import ExperimentStatus
from app.services.comparisons.token_ratio import against_naive
from app.services.execution.executor import Executor
from app.services.results.export import export_runs
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered
from tests.fixtures.fake_wikipedia import FakeWikipedia
from tests.support import create, metrics_of, result_of, runs_of, scripted, stored, with_settings

CALCULATOR: dict[str, Any] = {"name": "react", "tools": ["calculator"], "shots": 0}
WIKIPEDIA: dict[str, Any] = {"name": "react", "tools": ["wikipedia_search"], "shots": 0}
NONSENSE = [
    "",
    "Action:",
    "Action: calculator[",
    '{"action": ',
    "Thought: x\nAction: finish[",
    "Answer:",
    '{"action": "calculator", "input": "\\u0000\\ud800", "thought": NaN}',
    '{"tool_calls": [{"function": {"name": "\\u0000", "arguments": {"x": 1e400}}}]}',
]


def turn(request: GenerationRequest) -> int:
    """Return how many turns the model has had."""
    return sum(message.role == "assistant" for message in request.messages)


def number(request: GenerationRequest) -> int:
    asked = next(message.content for message in request.messages if message.role == "user")
    return int(asked.rpartition("What is item ")[2].partition(" ")[0])


async def sum_and_answer(request: GenerationRequest) -> GenerationResult:
    """Compute, and then answer right."""
    if turn(request) == 0:
        return answered(f"Thought: I compute\nAction: calculator[{number(request)} * 1]")
    return answered(f"Thought: so it is\nAction: finish[thing {number(request)}]")


async def look_up(request: GenerationRequest) -> GenerationResult:
    """Look Hamlet up, and then answer."""
    return answered("Action: wikipedia_search[Hamlet]" if turn(request) == 0 else "Action: finish[a ghost]")


async def noise(request: GenerationRequest) -> GenerationResult:
    """Answer with characters that mean nothing, some of which look like actions."""
    draw = random.Random(f"{turn(request)}:{request.messages[-1].content}")
    letters = string.printable + '\\’[](){}":…日本'
    text = "".join(draw.choice(letters) for _ in range(draw.randrange(0, 300)))
    return answered(draw.choice(NONSENSE) + text)


async def ended(runtime: Runtime, method: dict[str, Any], **fields: Any) -> uuid.UUID:
    experiment_id = await create(runtime, method=method, **fields)
    await Executor(runtime, experiment_id).run()
    return experiment_id


async def completed(runtime: Runtime, experiment_id: uuid.UUID) -> None:
    experiment = await stored(runtime, experiment_id)
    assert (experiment.status, experiment.reason) == (ExperimentStatus.COMPLETED, None)


class TestResults:
    async def test_are_exported_with_their_traces(self, runtime: Runtime, dataset: str) -> None:
        means = scripted(runtime, ScriptedEngine(sum_and_answer))
        experiment_id = await ended(means, CALCULATOR, sample={"n": 2})
        written = b"".join([piece async for piece in export_runs(means.sessions, experiment_id, "jsonl")])
        rows = [orjson.loads(line) for line in written.splitlines()]
        assert [row["trace"]["summary"]["iterations"] for row in rows] == [2, 2]

    async def test_tell_tokens_against_naive_prompting(self, runtime: Runtime, dataset: str) -> None:
        means = scripted(runtime, ScriptedEngine(sum_and_answer))
        agents = await ended(means, CALCULATOR)

        async def against() -> Any:
            async with means.sessions() as session:
                return await against_naive(session, await stored(means, agents))

        assert await against() is None
        await ended(means, {"name": "naive"}, seed=5)  # other questions, where there is a sample
        assert await against() is None
        naive = await ended(means, {"name": "naive"})
        found = await against()
        assert (found.experiment_id, found.tokens.n, round(found.tokens.ratio, 9)) == (naive, 20, 2.0)


class TestWikipedia:
    async def test_is_asked_once_by_all_runs(self, runtime: Runtime, dataset: str, tmp_path: Path) -> None:
        async with FakeWikipedia() as wiki:
            wiki.page("Hamlet", "Hamlet is a tragedy with a ghost.\n\n\n== Plot ==\nA ghost appears.")
            means = scripted(
                with_settings(runtime, wikipedia_url=wiki.url, home=tmp_path), ScriptedEngine(look_up)
            )
            experiment_id = await ended(means, WIKIPEDIA, sample={"n": 5})
            await completed(means, experiment_id)
            assert len(wiki.asked) == 1
        for run in await runs_of(means, experiment_id):
            assert run.trace is not None
            assert run.trace["steps"][0]["use"]["observation"] == "Hamlet: Hamlet is a tragedy with a ghost."
            assert run.trace["summary"]["source"] == 0

    async def test_out_of_reach_is_a_failed_use_and_no_failed_run(
        self, runtime: Runtime, dataset: str, tmp_path: Path
    ) -> None:
        means = scripted(
            with_settings(
                runtime, wikipedia_url="http://127.0.0.1:9/w/api.php", wikipedia_attempts=1, home=tmp_path
            ),
            ScriptedEngine(look_up),
        )
        experiment_id = await ended(means, WIKIPEDIA, sample={"n": 1})
        await completed(means, experiment_id)
        (run,) = await runs_of(means, experiment_id)
        assert run.trace is not None
        assert run.trace["steps"][0]["use"]["error"] == "final"


class TestNonsense:
    async def test_ten_experiments_in_a_row_end_with_outcomes(self, runtime: Runtime, dataset: str) -> None:
        outcomes: set[str] = set()
        models = ["mock/hash", "mock/echo", "mock/fixed?text=", "mock/fixed?text=Action%3A", None]
        for place in range(10):
            model = models[place % len(models)]
            means = scripted(runtime, ScriptedEngine(noise)) if model is None else runtime
            method = {
                **CALCULATOR,
                "shots": place % 3,
                "final_answer_prompt": ["never", "needed", "always"][place % 3],
                "max_iterations": 3,
            }
            experiment_id = await ended(means, method, model=model or "mock/gold", seed=place)
            await completed(means, experiment_id)
            metrics = await metrics_of(means, experiment_id)
            assert metrics["counts"]["ok"] == metrics["agent"]["runs"] == 20
            assert metrics["counts"]["failures"] == {}
            outcomes |= {name for name, count in metrics["agent"]["outcomes"].items() if count}
            assert await result_of(means, experiment_id) is not None
        assert {"parse_failure", "answered"} <= outcomes

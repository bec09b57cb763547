"""Tests of the command that prints what agents did."""

import json
from urllib.parse import urlencode

from app.services.execution.executor import Executor
from app.services.runtime import Runtime
from tests.cli.conftest import Cli
from tests.support import create

TURNS = [
    "Thought: I compute [it]\nAction: calculator[6 * 7]",
    "Action: calculator[42 / 0]",
    "Thought: done\nAction: finish[thing 1]",
]


async def agents(runtime: Runtime, turns: list[str]) -> str:
    script = urlencode([("turn", turn) for turn in turns])
    method = {"name": "react", "tools": ["calculator"], "shots": 0}
    experiment_id = await create(runtime, model=f"mock/turns?{script}", method=method)
    await Executor(runtime, experiment_id).run()
    return str(experiment_id)


class TestTraces:
    async def test_tell_each_step_and_the_end(self, cli: Cli, runtime: Runtime, dataset: str) -> None:
        experiment_id = await agents(runtime, TURNS)
        done = await cli("traces", experiment_id, "--runs", "correct")
        assert done.exit_code == 0, done.stderr
        lines = [line.strip() for line in done.stdout.splitlines()]
        assert "1. I compute [it]" in lines
        assert "calculator[6 * 7]  successful" in lines
        assert "→ 42" in lines
        assert "calculator[42 / 0]  failed" in lines
        assert "= thing 1" in lines
        assert "answered" in lines
        assert "answer: thing 1  (right; accepted: thing 1)" in lines

    async def test_by_outcome_and_number(self, cli: Cli, runtime: Runtime, dataset: str) -> None:
        experiment_id = await agents(runtime, TURNS[:1])
        done = await cli("traces", experiment_id, "--outcome", "stuck", "--limit", "3", "--json")
        runs = json.loads(done.stdout)
        assert [run["trace"]["summary"]["outcome"] for run in runs] == ["stuck"] * 3
        none = await cli("traces", experiment_id, "--outcome", "answered")
        assert (none.exit_code, none.stdout) == (0, "")
        assert "No run" in none.stderr

    async def test_result_tells_of_agents(self, cli: Cli, runtime: Runtime, dataset: str) -> None:
        done = await cli("show", await agents(runtime, TURNS))
        assert "20 answered; 0 repairs" in done.stdout
        assert "20 successful, 20 failed, 0 unneeded" in done.stdout
        assert "failed uses" in done.stdout

    async def test_of_a_method_without(self, cli: Cli, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        await Executor(runtime, experiment_id).run()
        done = await cli("traces", str(experiment_id))
        assert "No run" in done.stderr

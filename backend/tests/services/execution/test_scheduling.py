"""The order of the questions: as they were sampled, or those whose prompts begin alike after each other."""

import asyncio

from app.domain.examples import Example
from app.domain.passages import Chunk, Passage, Retrieval
from app.domain.sharding import CLAIMED_AT_ONCE
from app.domain.status import ExperimentStatus
from app.schemas.experiment_config import Execution
from app.schemas.method_config import NaiveMethodConfig, RagMethodConfig
from app.services.execution.executor import Executor
from app.services.execution.sample import Sample
from app.services.execution.scheduling import Schedule
from app.services.methods.base import Method
from app.services.methods.registry import build_method
from app.services.runtime import Runtime
from tests.engines import Gate, ScriptedEngine, answered, question
from tests.support import create, pairs, runs_of, scripted, until

BY_PREFIX = Execution(schedule="by_prefix")
QUESTIONS = ["why b", "why a", "how b", "how a"]
SAMPLES = [
    Sample(number, Example(f"q{number}", text, ("a",)), repeat)
    for number, text in enumerate(QUESTIONS)
    for repeat in range(2)
]


class Letters:
    """Finds the passage of a question's last letter; fails on others."""

    async def retrieve(self, query: str) -> Retrieval:
        letter = query[-1]
        if letter not in "ab":
            raise ValueError("no such passage")
        return Retrieval((Passage(Chunk(letter, letter, letter, "", f"About {letter}.", 0, 8)),))


def built(config: NaiveMethodConfig | RagMethodConfig) -> Method:
    return build_method(config, "triviaqa")


async def order(schedule: Schedule, samples: list[Sample] = SAMPLES) -> list[tuple[str, int]]:
    return [(one.example.question, one.repeat) for one in await schedule.ordered(samples)]


class TestOrder:
    async def test_as_sampled(self) -> None:
        schedule = Schedule(Execution(), built(NaiveMethodConfig()), None)
        assert list(await schedule.ordered(SAMPLES)) == SAMPLES
        assert schedule.claimed_at_once == CLAIMED_AT_ONCE

    async def test_by_the_prompts(self) -> None:
        schedule = Schedule(BY_PREFIX, built(NaiveMethodConfig()), None)
        questions = [text for text, _ in await order(schedule)]
        assert questions[::2] == questions[1::2] == sorted(QUESTIONS)
        assert schedule.claimed_at_once > CLAIMED_AT_ONCE

    async def test_by_the_passages_before_the_question(self) -> None:
        method = built(RagMethodConfig(name="rag", knowledge_base="letters"))
        found = await order(Schedule(BY_PREFIX, method, Letters()))
        assert [text for text, _ in found[::2]] == ["how a", "why a", "how b", "why b"]

    async def test_a_search_that_fails_stops_nothing(self) -> None:
        method = built(RagMethodConfig(name="rag", knowledge_base="letters"))
        odd = Sample(9, Example("q9", "what c", ("a",)), 0)
        assert len(await order(Schedule(BY_PREFIX, method, Letters()), [*SAMPLES, odd])) == 9


async def test_the_same_questions_are_asked_in_another_order(runtime: Runtime, dataset: str) -> None:
    means = scripted(runtime, engine := ScriptedEngine(answered("yes")))
    execution = {"mode": "sequential", "schedule": "by_prefix"}
    experiment_id = await create(means, execution=execution, repeats=2)
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    asked = [question(one) for one in engine.calls]
    assert asked == sorted(asked)
    assert [one.seed for one in engine.calls] == [0] * 40
    assert len(set(pairs(await runs_of(runtime, experiment_id)))) == 40


async def test_what_was_left_is_answered_by_whoever_goes_on(runtime: Runtime, dataset: str) -> None:
    gate = Gate(7)
    means = scripted(runtime, ScriptedEngine(gate))
    experiment_id = await create(means, execution={"mode": "sequential", "schedule": "by_prefix"})
    work = asyncio.create_task(Executor(means, experiment_id).run())
    await until(lambda: gate.waiting == 1, "the eighth call")
    work.cancel()
    await asyncio.wait([work])
    means = scripted(runtime, engine := ScriptedEngine(answered("yes")))
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    assert len(engine.calls) <= 13
    assert len(set(pairs(await runs_of(runtime, experiment_id)))) == 20

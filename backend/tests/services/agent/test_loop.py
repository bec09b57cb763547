"""The loop: each outcome of an agent, the messages to the model, and the counts of the trace."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.domain.generation import GenerationResult, Message, Usage
from app.domain.status import FailureKind
from app.domain.trace import AgentOutcome, Trace
from app.services.agent.action_parser import Turn
from app.services.agent.formats import JsonFormat, NativeFormat, StepFormat, TextFormat
from app.services.agent.loop import AGAIN, Agent, AgentOptions, Model, ModelReply
from app.services.agent.tools.base import ModelRetry, Tool, ToolFailed, ToolOutput
from app.services.agent.truncation import TRUNCATION_MARK
from app.services.inference.base import EngineError
from app.services.inference.token_estimate import CHARACTERS_PER_TOKEN
from tests.services.agent.fakes import FakeSums, FakeTool, passage, use

QUESTION = "How high is K2?"
SEARCH = "Thought: I look.\nAction: retrieval[height of K2]"
FINISH = "Thought: I know.\nAction: finish[8611 m]"
NONSENSE = "K2 is a mountain."
Said = str | GenerationResult | EngineError
TOO_LONG = EngineError(FailureKind.CONTEXT_LENGTH, "too long")


def search(query: str) -> str:
    return f"Action: retrieval[{query}]"


@dataclass
class Script:
    """A model with scripted replies, of which the last one repeats; it records its prompts."""

    says: Sequence[Said]
    last: Said = "8611 m"
    fits: Callable[[tuple[Message, ...]], bool] = lambda _: True
    steps: list[tuple[Message, ...]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    @property
    def model(self) -> Model:
        return Model(self._step, self._question, self.fits)

    def _answer(self, said: Said) -> ModelReply:
        if isinstance(said, EngineError):
            raise said
        if isinstance(said, str):
            said = GenerationResult(said, Usage(10, 2), latency_s=0.5)
        return ModelReply(said, len(self.steps) + len(self.questions) - 1)

    async def _step(self, prompt: tuple[Message, ...]) -> ModelReply:
        self.steps.append(prompt)
        return self._answer(self.says[min(len(self.steps), len(self.says)) - 1])

    async def _question(self, prompt: tuple[Message, ...]) -> ModelReply:
        (message,) = prompt
        self.questions.append(message.content)
        return self._answer(self.last)

    @property
    def shown(self) -> str:
        """The newest message to the model."""
        return self.steps[-1][-1].content


def agent(script: Script, *tools: Tool, step_format: type[StepFormat] = TextFormat, **options: Any) -> Agent:
    made = step_format(tools or (FakeTool(),), "Question: {question}")
    return Agent(made, AgentOptions(**options), QUESTION, script.model)


async def ran(script: Script, *tools: Tool, **options: Any) -> Trace:
    one = agent(script, *tools, **options)
    await one.run()
    return one.trace()


class TestAnswered:
    async def test_at_once(self) -> None:
        script = Script([FINISH])
        one = agent(script)
        await one.run()
        trace = one.trace()
        assert (trace.outcome, trace.reason, trace.iterations) == (AgentOutcome.ANSWERED, "", 1)
        assert (one.answer, one.output, script.questions) == ("8611 m", FINISH, [])
        (step,) = trace.steps
        assert (step.thought, step.use, step.answer, step.read_as) == ("I know.", None, "8611 m", "bracket")

    async def test_after_tools(self) -> None:
        tool = FakeTool(script=lambda query: f"{query}: 8611 m.")
        script = Script([SEARCH, "Action: calculator[2 + 2]", FINISH])
        trace = await ran(script, tool, FakeSums())
        assert (trace.outcome, trace.iterations) == (AgentOutcome.ANSWERED, 3)
        assert tool.asked == [{"query": "height of K2"}]
        assert [step.use and step.use.tool for step in trace.steps] == ["retrieval", "calculator", None]
        assert [message.role for message in script.steps[-1]] == [
            "system",
            *["user", "assistant"] * 2,
            "user",
        ]
        assert script.steps[-1][3].content == "Observation: height of K2: 8611 m."
        assert script.shown == "Observation: 4"

    async def test_in_the_last_step_that_it_has(self) -> None:
        trace = await ran(Script([SEARCH, FINISH]), max_iterations=2)
        assert trace.outcome is AgentOutcome.ANSWERED

    @pytest.mark.parametrize("step_format", [JsonFormat, NativeFormat])
    async def test_in_other_formats(self, step_format: type[StepFormat]) -> None:
        says = [JsonFormat((FakeTool(),), "").write(turn) for turn in (use("K2"), Turn("a", answer="8611 m"))]
        one = agent(Script(says), step_format=step_format)
        await one.run()
        assert one.trace().outcome is AgentOutcome.ANSWERED
        assert one.answer == "8611 m"


class TestIterationLimit:
    async def test_ends_and_asks_for_an_answer_from_the_notes(self) -> None:
        script = Script([f"Thought: T{n}.\nAction: retrieval[q{n}]" for n in range(9)], last=" 8611 m\n")
        one = agent(script, max_iterations=3)
        await one.run()
        trace = one.trace()
        assert (trace.outcome, trace.iterations, len(trace.steps)) == (AgentOutcome.ITERATION_LIMIT, 3, 4)
        assert "3" in trace.reason
        assert (one.answer, one.output) == ("8611 m", " 8611 m\n")
        last = trace.steps[-1]
        assert (last.last, last.answer, last.use, last.calls) == (True, "8611 m", None, (3,))
        (asked,) = script.questions
        for told in (QUESTION, "T0.", "T2.", "retrieval[q0]: about q0", "retrieval[q2]: about q2"):
            assert told in asked

    async def test_asks_for_nothing_where_that_is_not_wanted(self) -> None:
        script = Script([search("a"), search("b")])
        one = agent(script, max_iterations=2, final_answer_prompt="never")
        await one.run()
        trace = one.trace()
        assert (trace.outcome, one.answer, script.questions) == (AgentOutcome.ITERATION_LIMIT, None, [])
        assert (len(trace.steps), one.output) == (2, search("b"))

    async def test_an_empty_last_answer_is_none(self) -> None:
        one = agent(Script([SEARCH], last=" \n"), max_iterations=1)
        await one.run()
        trace = one.trace()
        assert (one.answer, trace.steps[-1].answer, trace.steps[-1].last) == (None, None, True)


class TestStuck:
    async def test_same_action_three_times(self) -> None:
        tool = FakeTool()
        script = Script([SEARCH, search(" HEIGHT  of k2"), SEARCH, FINISH])
        trace = await ran(script, tool)
        assert (trace.outcome, trace.iterations) == (AgentOutcome.STUCK, 3)
        assert "height of K2" in trace.reason
        assert len(tool.asked) == 1
        assert [step.use and step.use.repeated for step in trace.steps[:3]] == [False, True, True]
        assert trace.steps[-1].last

    async def test_the_second_time_it_is_told_to_do_something_else(self) -> None:
        script = Script([SEARCH, SEARCH, FINISH])
        trace = await ran(script)
        assert trace.outcome is AgentOutcome.ANSWERED
        assert script.shown == f"Observation: {AGAIN}"

    async def test_other_arguments_are_another_action(self) -> None:
        tool = FakeTool()
        says = [search("a"), search("b"), search("a, k=2"), search("b"), search("a"), FINISH]
        trace = await ran(Script(says), tool, max_iterations=6)
        assert trace.outcome is AgentOutcome.ANSWERED
        assert len(tool.asked) == 3

    async def test_what_failed_is_tried_again(self) -> None:
        failures = iter([ModelRetry("busy")])
        tool = FakeTool(script=lambda query: next(failures, None) or f"about {query}")
        script = Script([SEARCH, SEARCH, FINISH])
        trace = await ran(script, tool)
        assert (trace.outcome, len(tool.asked)) == (AgentOutcome.ANSWERED, 2)
        assert script.shown == "Observation: about height of K2"
        assert [step.use and step.use.success for step in trace.steps] == [False, True, None]

    async def test_what_fails_always_is_stuck_too(self) -> None:
        tool = FakeTool(script=lambda _: ModelRetry("busy"))
        trace = await ran(Script([SEARCH]), tool)
        assert (trace.outcome, len(tool.asked)) == (AgentOutcome.STUCK, 2)


class TestParseFailure:
    async def test_after_one_repair_prompt(self) -> None:
        script = Script([NONSENSE])
        trace = await ran(script)
        assert trace.outcome is AgentOutcome.PARSE_FAILURE
        assert trace.reason
        assert [message.role for message in script.steps[1]] == ["system", "user", "assistant", "user"]
        assert script.steps[1][2].content == NONSENSE
        step, last = trace.steps
        assert (step.thought, step.use, step.answer, step.read_as) == (NONSENSE, None, None, "")
        assert (step.repaired, step.calls, step.prompt_tokens, step.duration_s) == (True, (0, 1), 20, 1.0)
        assert (last.last, last.calls, trace.repairs, trace.iterations) == (True, (2,), 1, 1)

    async def test_that_is_repaired_goes_on(self) -> None:
        script = Script([NONSENSE, SEARCH, FINISH])
        trace = await ran(script)
        assert (trace.outcome, trace.repairs, trace.iterations) == (AgentOutcome.ANSWERED, 1, 2)
        assert [(step.repaired, step.calls) for step in trace.steps] == [(True, (0, 1)), (False, (2,))]
        contents = [message.content for message in script.steps[-1]]
        assert NONSENSE not in contents  # what was repaired is told as it should have been

    async def test_an_answer_may_be_repaired_too(self) -> None:
        trace = await ran(Script([NONSENSE, FINISH]))
        assert (trace.outcome, trace.repairs) == (AgentOutcome.ANSWERED, 1)


class TestToolFailure:
    GONE = FakeTool(script=lambda _: ToolFailed("It is gone."))

    async def test_is_told_and_a_second_use_ends(self) -> None:
        script = Script([search("a"), search("b")])
        trace = await ran(script, self.GONE)
        assert script.shown == "Observation: It is gone."
        assert (trace.outcome, trace.iterations) == (AgentOutcome.TOOL_FAILURE, 2)
        assert "retrieval" in trace.reason
        uses = [step.use for step in trace.steps if step.use]
        assert [(one.success, one.error) for one in uses] == [(False, "final")] * 2

    async def test_goes_on_with_other_tools(self) -> None:
        script = Script([search("a"), "Action: calculator[2 + 2]", FINISH])
        trace = await ran(script, self.GONE, FakeSums())
        assert trace.outcome is AgentOutcome.ANSWERED
        assert trace.uses() == {
            "retrieval": {"successful": 0, "failed": 1, "unneeded": 0},
            "calculator": {"successful": 0, "failed": 0, "unneeded": 1},
        }

    async def test_a_fault_of_the_tool_is_one(self) -> None:
        trace = await ran(Script([search("a"), search("b")]), FakeTool(script=lambda _: OSError("no disk")))
        assert trace.outcome is AgentOutcome.TOOL_FAILURE

    async def test_a_tool_that_is_not_there_is_told_and_counted(self) -> None:
        script = Script(["Action: weather[Rome]", FINISH])
        trace = await ran(script)
        assert trace.outcome is AgentOutcome.ANSWERED
        assert "weather" in script.shown
        assert "retrieval" in script.shown
        assert trace.uses() == {"weather": {"successful": 0, "failed": 1, "unneeded": 0}}
        assert trace.steps[0].use is not None
        assert trace.steps[0].use.error == "retry"


class TestContextOverflow:
    async def test_nothing_fits(self) -> None:
        script = Script([FINISH], fits=lambda _: False)
        one = agent(script)
        await one.run()
        trace = one.trace()
        assert (trace.outcome, trace.steps, one.answer) == (AgentOutcome.CONTEXT_OVERFLOW, (), None)
        assert (script.steps, one.output) == ([], "")

    async def test_earlier_observations_are_shortened_first(self) -> None:
        def size(prompt: tuple[Message, ...]) -> int:
            return sum(len(message.content) for message in prompt)

        tool = FakeTool(script=lambda query: f"{query} " * 200)
        free = Script([search("aa"), search("bb"), FINISH])
        await ran(free, tool)
        room = size(free.steps[-1]) - 100
        script = Script([search("aa"), search("bb"), FINISH], fits=lambda prompt: size(prompt) <= room)
        trace = await ran(script, tool)
        assert trace.outcome is AgentOutcome.ANSWERED
        first, second = (script.steps[-1][place].content for place in (3, 5))
        assert len(first) < 300 < len(second)
        assert first.startswith("Observation: aa aa")
        assert trace.steps[0].use is not None
        assert len(trace.steps[0].use.observation) > 300  # what it was shown at the time

    async def test_the_newest_is_shortened_last_of_all(self) -> None:
        tool = FakeTool(script=lambda query: f"{query} " * 200)
        fits = lambda prompt: all(len(m.content) < 500 for m in prompt[1:])  # noqa: E731
        script = Script([search("aa"), FINISH], fits=fits)
        assert (await ran(script, tool)).outcome is AgentOutcome.ANSWERED
        assert len(script.shown) < 300

    async def test_after_some_steps_asks_for_an_answer(self) -> None:
        script = Script([search("a")], fits=lambda prompt: len(prompt) < 4)
        one = agent(script)
        await one.run()
        trace = one.trace()
        assert (trace.outcome, trace.iterations) == (AgentOutcome.CONTEXT_OVERFLOW, 1)
        assert (one.answer, trace.steps[-1].last) == ("8611 m", True)

    async def test_the_endpoint_refuses(self) -> None:
        one = agent(Script([search("a"), TOO_LONG]))
        await one.run()
        trace = one.trace()
        assert (trace.outcome, trace.reason) == (AgentOutcome.CONTEXT_OVERFLOW, "too long")
        assert one.answer == "8611 m"


class TestFailed:
    async def test_is_raised_and_the_steps_so_far_are_kept(self) -> None:
        one = agent(Script([SEARCH, EngineError(FailureKind.SERVER, "down")]))
        with pytest.raises(EngineError, match="down"):
            await one.run()
        trace = one.trace()
        assert (trace.outcome, one.answer) == (AgentOutcome.FAILED, None)
        assert trace.reason
        assert [step.use and step.use.tool for step in trace.steps] == ["retrieval"]

    def test_before_anything_was_done(self) -> None:
        assert agent(Script([FINISH])).trace().outcome is AgentOutcome.FAILED


class TestObservations:
    async def test_are_cut_to_the_budget(self) -> None:
        script = Script([SEARCH, FINISH])
        trace = await ran(script, FakeTool(script=lambda _: "word " * 400), observation_tokens=32)
        observed = trace.steps[0].use
        assert observed is not None
        room = round(32 * CHARACTERS_PER_TOKEN)
        assert len(observed.observation) <= room
        assert observed.cut == 2000 - len(observed.observation.removesuffix(TRUNCATION_MARK))
        assert script.shown == f"Observation: {observed.observation}"

    async def test_that_fit_are_whole(self) -> None:
        trace = await ran(Script([SEARCH, FINISH]), observation_tokens=32)
        assert trace.steps[0].use is not None
        assert (trace.steps[0].use.observation, trace.steps[0].use.cut) == ("about height of K2", 0)

    async def test_passages_are_gathered_once_each_in_order(self) -> None:
        found = {"a": (passage(2), passage(1)), "b": (passage(1), passage(3))}
        one = agent(
            Script([search("a"), search("b"), FINISH]),
            FakeTool(script=lambda q: ToolOutput("text", found[q])),
        )
        await one.run()
        assert [each.chunk.id for each in one.passages] == ["a2#0", "a1#0", "a3#0"]


class TestAccounts:
    async def test_places_tokens_and_seconds_of_the_calls(self) -> None:
        silent = GenerationResult(search("b"), Usage(None, 7), latency_s=0.25)
        trace = await ran(Script([NONSENSE, search("a"), silent, FINISH]))
        assert [
            (step.calls, step.prompt_tokens, step.completion_tokens, step.duration_s) for step in trace.steps
        ] == [((0, 1), 20, 4, 1.0), ((2,), None, 7, 0.25), ((3,), 10, 2, 0.5)]

    async def test_needed_and_source(self) -> None:
        heights = {"K2": "It is 8611 m high.", "Everest": "It is 8849 metres."}
        script = Script([search("Everest"), search("K2"), FINISH])
        trace = await ran(script, FakeTool(script=lambda query: heights[query]))
        assert [step.use and step.use.needed for step in trace.steps] == [False, True, None]
        assert trace.source == 1
        assert trace.uses() == {"retrieval": {"successful": 1, "failed": 0, "unneeded": 1}}

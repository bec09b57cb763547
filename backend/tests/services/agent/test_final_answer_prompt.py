"""The final answer prompt: the model is asked for the answer alone, from the notes of its steps."""

import pytest

from app.domain.status import FailureKind
from app.domain.trace import AgentOutcome
from app.services.agent.formats import TextFormat
from app.services.agent.loop import Agent, AgentOptions
from app.services.inference.base import EngineError
from tests.services.agent.fakes import FakeTool
from tests.services.agent.test_loop import FINISH, SEARCH, TOO_LONG, Script, agent, ran, search


class TestFinalAnswerPrompt:
    async def test_always_asks_one_that_answered_too(self) -> None:
        script = Script([SEARCH, FINISH], last="8612 m")
        one = agent(script, final_answer_prompt="always")
        await one.run()
        trace = one.trace()
        assert (trace.outcome, trace.reason, one.answer) == (AgentOutcome.ANSWERED, "", "8612 m")
        assert [(step.answer, step.last) for step in trace.steps] == [
            (None, False),
            ("8611 m", False),
            ("8612 m", True),
        ]
        assert trace.iterations == 2

    async def test_always_asks_none_that_found_nothing(self) -> None:
        script = Script([FINISH], last="8612 m")
        one = agent(script, final_answer_prompt="always")
        await one.run()
        assert (one.answer, script.questions) == ("8611 m", [])

    async def test_an_empty_second_answer_leaves_the_first(self) -> None:
        one = agent(Script([SEARCH, FINISH], last=" "), final_answer_prompt="always")
        await one.run()
        assert one.answer == "8611 m"

    async def test_braces_in_notes_and_question_stay_as_they_are(self) -> None:
        tool = FakeTool(script=lambda _: "{question} {notes}")
        script = Script([search("{q}")])
        one = Agent(TextFormat((tool,), "{question}"), AgentOptions(1), "Why {notes}?", script.model)
        await one.run()
        assert "retrieval[{q}]: {question} {notes}" in script.questions[0]
        assert script.questions[0].count("Why {notes}?") == 1

    async def test_of_too_long_a_prompt_is_asked_with_shorter_notes(self) -> None:
        script = Script([search("a")], fits=lambda prompt: len(prompt) > 1 or len(prompt[0].content) < 700)
        await ran(script, FakeTool(script=lambda _: "word " * 180), max_iterations=1)
        (asked,) = script.questions
        assert 240 < len(asked) < 700

    async def test_is_left_out_where_nothing_fits(self) -> None:
        script = Script([search("a")], fits=lambda prompt: len(prompt) > 1)
        one = agent(script, max_iterations=1)
        await one.run()
        trace = one.trace()
        assert (trace.outcome, one.answer) == (AgentOutcome.ITERATION_LIMIT, None)
        assert (script.questions, len(trace.steps)) == ([], 1)

    async def test_that_the_endpoint_refuses_is_asked_once_more_and_given_up(self) -> None:
        script = Script([search("a")], last=TOO_LONG)
        one = agent(script, max_iterations=1)
        await one.run()
        trace = one.trace()
        assert (len(script.questions), one.answer, len(trace.steps)) == (2, None, 1)

    async def test_that_fails_otherwise_fails_the_run(self) -> None:
        one = agent(
            Script([search("a")], last=EngineError(FailureKind.TIMEOUT, "no answer")), max_iterations=1
        )
        with pytest.raises(EngineError, match="no answer"):
            await one.run()
        assert one.trace().outcome is AgentOutcome.FAILED

"""For any replies and any context window: an agent ends, and the counts of its trace are consistent."""

import asyncio
import json
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from app.domain.generation import GenerationResult, Message, ToolCall
from app.domain.trace import AgentOutcome, Trace
from app.schemas.trace import TraceOut
from app.services.agent.formats import JsonFormat, NativeFormat, StepFormat, TextFormat
from app.services.agent.loop import SAME_ACTION, Agent, AgentOptions, FinalAnswerPrompt
from app.services.agent.tools.base import ModelRetry, ToolFailed
from tests.factories import properties
from tests.services.agent.fakes import FakeSums, FakeTool
from tests.services.agent.test_action_parser import PIECES
from tests.services.agent.test_loop import Script

WORDS = st.sampled_from(["K2", "8611 m", "a b", "", "\n\n", "k=3", '"', "[", "é" * 50, "word " * 200])
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=20).map("".join),
    st.builds(lambda word: f"Thought: I look.\nAction: retrieval[{word}]", WORDS),
    st.builds(lambda word: f"Action: calculator[{word}]", WORDS),
    st.builds(lambda word: json.dumps({"action": "weather", "input": word}), WORDS),
    st.builds(lambda word: f"Action: finish[{word}]", WORDS),
)
CALLS = st.builds(
    ToolCall,
    st.just("x"),
    st.sampled_from(["retrieval", "calculator", "weather", "finish", ""]),
    st.one_of(WORDS, st.builds(lambda word: json.dumps({"query": word, "k": 2}), WORDS)),
)
RESULTS = st.builds(GenerationResult, TEXTS, tool_calls=st.lists(CALLS, max_size=2).map(tuple))
FORMATS = st.sampled_from([TextFormat, JsonFormat, NativeFormat])


def searched(query: str) -> str | Exception:
    if "8611" in query:
        return ToolFailed("It is gone.")
    return ModelRetry("Not so.") if "é" in query else f"about {query}\n" * 20


def ran(
    step_format: type[StepFormat], says: list[GenerationResult], window: int, **options: Any
) -> tuple[Script, Trace]:
    def fits(prompt: tuple[Message, ...]) -> bool:
        return sum(len(message.content) for message in prompt) <= window

    script = Script(says, fits=fits)
    made = step_format((FakeTool(script=searched), FakeSums()), "Question: {question}")
    agent = Agent(made, AgentOptions(**options), "How high is K2?", script.model)
    asyncio.run(agent.run())
    return script, agent.trace()


@properties
@given(
    FORMATS,
    st.lists(RESULTS, min_size=1, max_size=8),
    st.integers(0, 6_000),
    st.integers(1, 8),
    st.integers(32, 300),
    st.sampled_from(get_args(FinalAnswerPrompt)),
)
def test_ends_and_adds_up(
    step_format: type[StepFormat],
    says: list[GenerationResult],
    window: int,
    most: int,
    tokens: int,
    last: FinalAnswerPrompt,
) -> None:
    script, trace = ran(
        step_format, says, window, max_iterations=most, observation_tokens=tokens, final_answer_prompt=last
    )
    assert trace.outcome is not AgentOutcome.FAILED
    assert (trace.reason == "") == (trace.outcome is AgentOutcome.ANSWERED)
    assert trace.iterations <= most
    assert len(script.steps) <= 2 * most
    assert len(script.questions) <= (last != "never")
    # Each call belongs to one step, in order.
    assert [place for step in trace.steps for place in step.calls] == list(
        range(len(script.steps) + len(script.questions))
    )
    assert all(len(step.use.observation) <= tokens * 3.6 + 1 for step in trace.steps if step.use)
    answered = [step for step in trace.steps if step.answer is not None]
    assert len(answered) <= (2 if last == "always" else 1)
    assert all(step in trace.steps[-2:] for step in answered)
    stored = json.loads(json.dumps(trace.as_dict()))
    assert TraceOut.model_validate(stored).model_dump(mode="json") == stored


@properties
@given(FORMATS, RESULTS)
def test_saying_the_same_again_and_again_ends(step_format: type[StepFormat], said: GenerationResult) -> None:
    _, trace = ran(step_format, [said], 10**6, max_iterations=50)
    assert trace.outcome not in {AgentOutcome.ITERATION_LIMIT, AgentOutcome.CONTEXT_OVERFLOW}
    assert trace.iterations <= SAME_ACTION

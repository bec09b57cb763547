"""ReAct: the model thinks, uses tools and reads their results until it answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from app.domain.examples import Example
from app.domain.generation import Message
from app.domain.passages import Passage
from app.domain.prediction import ParsedAnswer, ParseOutcome, Prediction
from app.domain.trace import Step
from app.schemas.method_config import AgentForm, ReactMethodConfig, ToolName
from app.services.agent.forms import Form, JsonForm, NativeForm, TextForm
from app.services.agent.loop import (
    AGAIN,
    LAST_QUESTION,
    UNAVAILABLE,
    UNKNOWN,
    Agent,
    AgentOptions,
    Asked,
    Model,
)
from app.services.agent.tools.base import Tool
from app.services.agent.tools.calculator import Calculator
from app.services.agent.tools.retrieval import KnowledgeSearch
from app.services.agent.tools.wikipedia import WikipediaSearch
from app.services.evaluation.scorers import ScoringRule
from app.services.inference.token_estimate import estimated_tokens
from app.services.methods.base import Context, Sources
from app.services.methods.exemplars import kind_for
from app.services.methods.reasoned_answer_parser import parse_reasoned_answer
from app.services.methods.short_answer_parser import parse_short_answer
from app.services.methods.worked_traces import load_traces

_forms: dict[AgentForm, Callable[..., Form]] = {
    "text": TextForm,
    "grammar": partial(TextForm, enforced=True),
    "json": JsonForm,
    "native": NativeForm,
}


@dataclass(frozen=True, slots=True)
class ReactMethod:
    """Lets an agent answer; what it did is the prediction's trace.

    The passages that it was shown count as retrieved, in the order in which it found them.
    """

    form: Form
    options: AgentOptions
    rule: ScoringRule
    name: str = "react"

    @classmethod
    def build(cls, config: ReactMethodConfig, rule: ScoringRule, sources: Sources) -> "ReactMethod":
        """Return the method that ``config`` describes.

        Raises:
            ExemplarsError: if the worked examples cannot be read.
        """
        options = AgentOptions(config.max_iterations, config.observation_tokens, config.last_question)
        tools = tuple(_tool(name, config.top_k, options.room, sources) for name in config.tools)
        worked = load_traces(kind_for(config.exemplars, rule), config.shots, config.tools)
        return cls(_forms[config.form](tools, config.template, config.system, worked), options, rule)

    @property
    def template(self) -> dict[str, Any]:
        """All that the agent is told, its examples included."""
        last = {"last_question": LAST_QUESTION} if self.options.last_question != "never" else {}
        told = {"again": AGAIN, "unavailable": UNAVAILABLE, "unknown": UNKNOWN}
        return {"method": self.name, "prompt": {**self.form.as_dict(), **told, **last}}

    def render(self, example: Example, passages: Sequence[Passage] | None = None) -> tuple[Message, ...]:
        """Return the prompt of the first step; see ``Method.render``."""
        del passages
        return self.form.opening(example.question)

    async def __call__(self, example: Example, context: Context) -> Prediction:
        """Answer ``example``; see ``Method``."""
        agent = Agent(self.form, self.options, example.question, self._model(context))
        try:
            trace = await agent.run()
        finally:
            context.transcript.trace = agent.trace()
            context.transcript.passages = self._passages(agent)
        answer = self._read(agent.answer, trace.steps, example.question)
        calls = tuple(context.transcript.calls)
        return Prediction(agent.output, answer, calls, self._passages(agent), trace)

    def _passages(self, agent: Agent) -> tuple[Passage, ...] | None:
        reads = any(tool.name == "retrieval" for tool in self.form.tools)
        return agent.passages if reads else None

    def _model(self, context: Context) -> Model:
        form = self.form

        async def step(messages: tuple[Message, ...]) -> Asked:
            call = await context.call(messages, stop=form.stop, constraint=form.constraint, tools=form.specs)
            return Asked(call.result, len(context.transcript.calls) - 1)

        async def question(messages: tuple[Message, ...]) -> Asked:
            call = await context.call(messages)
            return Asked(call.result, len(context.transcript.calls) - 1)

        def fits(messages: tuple[Message, ...]) -> bool:
            if context.window is None:
                return True
            room = context.window - context.params.max_tokens
            return estimated_tokens(messages, form.specs) <= room

        return Model(step, question, fits)

    def _read(self, given: str | None, steps: Sequence[Step], question: str) -> ParsedAnswer:
        """Read the answer from what the agent gave, as it is read from any other method's output."""
        if given is None:
            return ParsedAnswer(None, ParseOutcome.NO_ANSWER, "agent_gave_none")
        step = steps[-1]
        numeric = self.rule == "gsm8k"
        if not numeric and (step.last or step.read_as == "text"):
            parsed = parse_short_answer(given, question)
        elif step.last or step.read_as == "text":
            parsed = parse_reasoned_answer(given, question, numeric=True)
        else:
            parsed = parse_reasoned_answer(f"Answer: {given}", question, numeric=numeric)
        rule = "last_question" if step.last else step.read_as
        return replace(parsed, rule=f"{rule}: {parsed.rule}")


def _tool(name: ToolName, top_k: int, room: int, sources: Sources) -> Tool:
    if name == "calculator":
        return Calculator()
    if name == "wikipedia_search":
        return WikipediaSearch(sources.wikipedia)
    return KnowledgeSearch(sources.retriever, top_k, room)

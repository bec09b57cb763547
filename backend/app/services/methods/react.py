"""ReAct: the model writes thoughts and uses tools until it answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from app.domain.examples import Example
from app.domain.generation import GenerationResult, Message
from app.domain.json import JsonObject
from app.domain.passages import Passage
from app.domain.prediction import ParsedAnswer, ParseOutcome, Prediction
from app.domain.scoring import ScoringRule
from app.domain.trace import Step
from app.schemas.method_config import AgentFormat, ReactMethodConfig, ToolName
from app.services.agent.formats import JsonFormat, NativeFormat, StepFormat, TextFormat
from app.services.agent.loop import (
    AGAIN,
    FINAL_ANSWER_PROMPT,
    UNAVAILABLE,
    UNKNOWN,
    Agent,
    AgentOptions,
    Model,
    ModelReply,
)
from app.services.agent.tools.base import Tool
from app.services.agent.tools.calculator import Calculator
from app.services.agent.tools.retrieval import RetrievalTool
from app.services.agent.tools.wikipedia import WikipediaTool
from app.services.inference.token_estimate import estimated_tokens
from app.services.methods.answer_extraction import extract_answer
from app.services.methods.base import Context, Sources
from app.services.methods.exemplars import kind_for
from app.services.methods.worked_traces import load_traces

_formats: dict[AgentFormat, Callable[..., StepFormat]] = {
    "text": TextFormat,
    "grammar": partial(TextFormat, enforced=True),
    "json": JsonFormat,
    "native": NativeFormat,
}


@dataclass(frozen=True, slots=True)
class ReactMethod:
    """Answers with an agent, whose trace is part of the prediction.

    The passages that the agent was shown count as retrieved, in the order in which it found them.
    """

    step_format: StepFormat
    options: AgentOptions
    rule: ScoringRule
    name: str = "react"

    @classmethod
    def build(cls, config: ReactMethodConfig, rule: ScoringRule, sources: Sources) -> "ReactMethod":
        """Return the method that ``config`` describes.

        Raises:
            ExemplarsError: if the worked examples cannot be read.
        """
        options = AgentOptions(config.max_iterations, config.observation_tokens, config.final_answer_prompt)
        tools = tuple(
            _tool(name, config.top_k, options.observation_characters, sources) for name in config.tools
        )
        worked = load_traces(kind_for(config.exemplars, rule), config.shots, config.tools)
        step_format = _formats[config.form](tools, config.template, config.system, worked)
        return cls(step_format, options, rule)

    @property
    def template(self) -> JsonObject:
        """All text that the agent sends to the model, worked examples included."""
        asks = self.options.final_answer_prompt != "never"
        # The key keeps its first name: the prompt hashes of stored experiments cover it.
        final = {"last_question": FINAL_ANSWER_PROMPT} if asks else {}
        messages = {"again": AGAIN, "unavailable": UNAVAILABLE, "unknown": UNKNOWN}
        return {"method": self.name, "prompt": {**self.step_format.as_dict(), **messages, **final}}

    def render(self, example: Example, passages: Sequence[Passage] | None = None) -> tuple[Message, ...]:
        """Return the prompt of the first step; see ``Method.render``."""
        del passages
        return self.step_format.first_prompt(example.question)

    async def __call__(self, example: Example, context: Context) -> Prediction:
        """Answer ``example``; see ``Method``."""
        model, clock = self._model(context), context.transcript.clock
        agent = Agent(self.step_format, self.options, example.question, model, clock)
        try:
            await agent.run()
        finally:
            context.transcript.trace = trace = agent.trace()
            context.transcript.beside_model_s = trace.tools_s
            context.transcript.passages = passages = self._passages(agent)
        calls = tuple(context.transcript.calls)
        last = calls[-1].result if calls else GenerationResult("")
        if agent.answer is None and last.cut_off_thinking:
            answer = ParsedAnswer(None, ParseOutcome.CUT_OFF_THINKING, "agent_gave_none")
        else:
            answer = self._read(agent.answer, trace.steps, example.question, cut_off=last.cut_off)
        return Prediction(agent.output, answer, calls, passages, trace)

    def _passages(self, agent: Agent) -> tuple[Passage, ...] | None:
        retrieves = any(tool.name == "retrieval" for tool in self.step_format.tools)
        return agent.passages if retrieves else None

    def _model(self, context: Context) -> Model:
        used = self.step_format

        async def next_turn(messages: tuple[Message, ...]) -> ModelReply:
            call = await context.call(messages, stop=used.stop, constraint=used.constraint, tools=used.specs)
            return ModelReply(call.result, len(context.transcript.calls) - 1)

        async def final_answer(messages: tuple[Message, ...]) -> ModelReply:
            call = await context.call(messages)
            return ModelReply(call.result, len(context.transcript.calls) - 1)

        def fits(messages: tuple[Message, ...]) -> bool:
            if context.window is None:
                return True
            room = context.window - context.params.max_tokens
            return estimated_tokens(messages, used.specs) <= room

        return Model(next_turn, final_answer, fits)

    def _read(
        self, given: str | None, steps: Sequence[Step], question: str, *, cut_off: bool
    ) -> ParsedAnswer:
        """Read what the agent answered, as the outputs of the other methods are read."""
        if given is None:
            return ParsedAnswer(None, ParseOutcome.NO_ANSWER, "agent_gave_none")
        step = steps[-1]
        # What stands in an action ends where the action does; only plain text can have been cut off.
        plain_text = step.last or step.read_as == "text"
        parsed = extract_answer(given, question, numeric=self.rule == "gsm8k", cut_off=cut_off and plain_text)
        # As it stands in the stored results of earlier runs.
        rule = "last_question" if step.last else step.read_as
        return replace(parsed, rule=f"{rule}: {parsed.rule}")


def _tool(name: ToolName, top_k: int, limit: int, sources: Sources) -> Tool:
    if name == "calculator":
        return Calculator()
    if name == "wikipedia_search":
        return WikipediaTool(sources.wikipedia)
    return RetrievalTool(sources.retriever, top_k, limit)

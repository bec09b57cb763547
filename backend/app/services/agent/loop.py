"""The ReAct loop: the model writes a thought and an action, a tool returns an observation, until it answers.

After Yao et al. 2022, "ReAct: Synergizing Reasoning and Acting in Language Models" (arXiv:2210.03629).
Every way of ending has an outcome of its own. Unless a model call failed, an agent that ended without an
answer is asked for one in a final prompt, which holds the notes of its steps.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from app.domain.generation import GenerationResult, Message, sum_of_times, total_of
from app.domain.hashing import canonical_json
from app.domain.json import JsonObject
from app.domain.passages import Passage
from app.domain.stages import TOOL, UNTIMED, StageClock
from app.domain.status import FailureKind
from app.domain.templates import fill
from app.domain.trace import AgentOutcome, Step, ToolUse, Trace
from app.services.agent.action_parser import ActionNotFound, Turn
from app.services.agent.formats import ExecutedStep, StepFormat
from app.services.agent.observation_use import judge_uses, source_of
from app.services.agent.tools.base import ToolResult
from app.services.agent.truncation import truncate_lines, truncated_characters
from app.services.inference.base import EngineError
from app.services.inference.token_estimate import CHARACTERS_PER_TOKEN

FinalAnswerPrompt = Literal["never", "needed", "always"]
SAME_ACTION = 3
"""Uses of the same action, with the same arguments, at which an agent counts as stuck."""
_UNREADABLE = "No action could be read, also after a repair prompt."
_CUT_OFF = "The answer was cut off while the model was thinking, before any action: raise max_tokens."
_SHORT = 240  # characters of an earlier observation when the transcript does not fit the window
AGAIN = "You have done this already; its result stands above. Do something else, or finish."
UNAVAILABLE = "{tool} must not be used again."
UNKNOWN = "There is no action {tool}. There is: {known}, finish."
FINAL_ANSWER_PROMPT = (
    "{notes}\n\nAnswer the question from these notes. Write only the name, number or short phrase that is "
    "asked for, nothing else.\n\nQuestion: {question}\nShort answer:"
)


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """Limits of an agent.

    Attributes:
        max_iterations: turns of the model before the agent ends.
        observation_tokens: estimated tokens of one observation, at most.
        final_answer_prompt: when the model is asked, in a prompt with the notes of its steps, for the
            answer alone: ``never``, if the agent ended without an answer (``needed``), or ``always``.
    """

    max_iterations: int = 5
    observation_tokens: int = 256
    final_answer_prompt: FinalAnswerPrompt = "needed"

    @property
    def observation_characters(self) -> int:
        """Characters of one observation, at most."""
        return round(self.observation_tokens * CHARACTERS_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class ModelReply:
    """The result of a model call, and the call's index among those of the run."""

    result: GenerationResult
    place: int


@dataclass(frozen=True, slots=True)
class Model:
    """The calls of a model that the loop makes.

    Attributes:
        next_turn: asks for the next turn, in the agent's format.
        final_answer: asks for an answer in plain text.
        fits: whether prompt and answer fit the model's context window.
    """

    next_turn: Callable[[tuple[Message, ...]], Awaitable[ModelReply]]
    final_answer: Callable[[tuple[Message, ...]], Awaitable[ModelReply]]
    fits: Callable[[tuple[Message, ...]], bool]


class Agent:
    """The agent of one question: it runs once, and its trace can be read at any time.

    Attributes:
        answer: the answer to the question; ``None`` while there is none.
        output: the text of the last model reply.
        passages: that the model was shown, each once, in the order in which they were found.

    Args:
        step_format: in which it writes its steps.
        options: its limits.
        question: that it answers.
        model: that writes.
        clock: told when steps, and stages of them, end.
    """

    def __init__(
        self,
        step_format: StepFormat,
        options: AgentOptions,
        question: str,
        model: Model,
        clock: StageClock = UNTIMED,
    ) -> None:
        self._clock = clock
        self._format = step_format
        self._tools = {tool.name: tool for tool in step_format.tools}
        self._options = options
        self._question = question
        self._model = model
        self._history: list[ExecutedStep] = []
        self._steps: list[Step] = []
        self._times_used: Counter[bytes] = Counter()
        self._results: dict[bytes, ToolUse] = {}
        self._unavailable: set[str] = set()
        self._passages: dict[str, Passage] = {}
        # A trace that is read before the agent has ended is that of a failed run.
        self._outcome = AgentOutcome.FAILED
        self._reason = "It broke off in the middle; the failure of the run says why."
        self._cut_off_thinking = False
        self.answer: str | None = None
        self.output = ""

    @property
    def passages(self) -> tuple[Passage, ...]:
        """See the class."""
        return tuple(self._passages.values())

    def trace(self) -> Trace:
        """Return the steps so far, with each use of a tool judged by ``judge_uses``."""
        steps = judge_uses(self._question, self._steps, self.answer)
        return Trace(steps, self._outcome, self._reason, source_of(steps, self.answer))

    async def run(self) -> None:
        """Work on the question until the agent ends; ``trace`` tells how.

        Raises:
            EngineError: if a model call fails after its retries, unless its prompt was too long.
        """
        ending = None
        for _ in range(self._options.max_iterations):
            ending = await self._iterate()
            if ending is not None:
                break
        most = self._options.max_iterations
        outcome, reason = ending or (AgentOutcome.ITERATION_LIMIT, f"No answer within {most} iterations.")
        if self._needs_final_answer(outcome):
            await self._ask_for_answer()
        self._outcome, self._reason = outcome, reason
        self._clock.end_steps()

    def _needs_final_answer(self, outcome: AgentOutcome) -> bool:
        if outcome is AgentOutcome.ANSWERED:
            # Without an observation the second answer would be the same as naive prompting's.
            found = any(step.use and step.use.success for step in self._steps)
            return self._options.final_answer_prompt == "always" and found
        return self._options.final_answer_prompt != "never"

    async def _iterate(self) -> tuple[AgentOutcome, str] | None:
        """Run one step; return outcome and reason if the agent ends, ``None`` if it continues."""
        self._clock.begin_step()
        prompt = self._prompt()
        if prompt is None:
            return AgentOutcome.CONTEXT_OVERFLOW, "The transcript is too long for the model's window."
        try:
            turn, step = await self._turn(prompt)
        except EngineError as error:
            if error.kind is not FailureKind.CONTEXT_LENGTH:
                raise
            return AgentOutcome.CONTEXT_OVERFLOW, error.message
        if turn is None:
            self._steps.append(step)
            return AgentOutcome.PARSE_FAILURE, _CUT_OFF if self._cut_off_thinking else _UNREADABLE
        if turn.answer is not None:
            self.answer = turn.answer
            self._steps.append(replace(step, answer=turn.answer))
            return AgentOutcome.ANSWERED, ""
        use, ending = await self._use(turn)
        self._steps.append(replace(step, use=use))
        self._history.append(ExecutedStep(turn, use.observation))
        return ending

    # -- the model ----------------------------------------------------------------------------------

    def _prompt(self) -> tuple[Message, ...] | None:
        """Return the prompt of the next turn, with earlier observations shortened if they do not fit."""
        beginning = self._format.first_prompt(self._question)
        shortened = [
            replace(step, observation=truncate_lines(step.observation, _SHORT)) for step in self._history
        ]
        last = len(self._history) - 1
        for short in range(last + 2):
            # The oldest are shortened first, the newest last.
            prompt = (*beginning, *self._format.history([*shortened[:short], *self._history[short:]]))
            if self._model.fits(prompt):
                return prompt
        return None

    async def _turn(self, prompt: tuple[Message, ...]) -> tuple[Turn | None, Step]:
        """Ask for a turn, with one repair prompt if needed; the turn is ``None`` if that fails, too."""
        first = await self._reply(self._model.next_turn(prompt))
        try:
            turn = self._format.parse(first.result)
            return turn, _step(turn, (first,))
        except ActionNotFound as error:
            thought = error.thought
        if first.result.cut_off_thinking:  # asked again, it would think as long
            return None, _step(Turn(thought), (first,))
        repair = (*prompt, *self._format.repairing(first.result))
        try:
            second = await self._reply(self._model.next_turn(repair))
        except EngineError:
            # The first call succeeded, so that the trace must account for it.
            self._steps.append(_step(Turn(thought), (first,)))
            raise
        try:
            turn = self._format.parse(second.result)
        except ActionNotFound as error:
            return None, replace(_step(Turn(error.thought), (first, second)), repaired=True)
        return turn, replace(_step(turn, (first, second)), repaired=True)

    async def _ask_for_answer(self) -> None:
        """Ask for the answer in the final prompt, with shortened notes if it does not fit otherwise."""
        self._clock.begin_step()
        for short in (False, True):
            prompt = (Message("user", self._final_prompt(short=short)),)
            if not self._model.fits(prompt):
                continue
            try:
                reply = await self._reply(self._model.final_answer(prompt))
            except EngineError as error:
                if error.kind is not FailureKind.CONTEXT_LENGTH:
                    raise
                continue
            answer = reply.result.text.strip()
            self.answer = answer or self.answer
            self._steps.append(replace(_step(Turn("", answer=answer or None), (reply,)), last=True))
            return

    def _final_prompt(self, *, short: bool) -> str:
        """Return the question after notes of thoughts and observations."""
        notes = []
        for step in self._steps:
            if step.thought:
                notes.append(f"Note: {truncate_lines(step.thought, _SHORT)}")
            if step.use is not None and not step.use.repeated:
                found = truncate_lines(step.use.observation, _SHORT) if short else step.use.observation
                arguments = ", ".join(str(value) for value in step.use.arguments.values())
                notes.append(f"{step.use.tool}[{arguments}]: {found}")
        shown = "\n".join(notes) or "(There are none.)"
        return fill(FINAL_ANSWER_PROMPT, {"notes": shown, "question": self._question})

    async def _reply(self, call: Awaitable[ModelReply]) -> ModelReply:
        reply = await call
        self.output = reply.result.text
        self._cut_off_thinking = reply.result.cut_off_thinking
        return reply

    # -- the tools ----------------------------------------------------------------------------------

    async def _use(self, turn: Turn) -> tuple[ToolUse, tuple[AgentOutcome, str] | None]:
        """Use the tool of a turn; return the use, and outcome and reason if the agent ends with it."""
        name, arguments = str(turn.tool), dict(turn.arguments)
        key = _key(name, arguments)
        self._times_used[key] += 1
        before = self._results.get(key)
        again = before and replace(
            before, arguments=arguments, observation=AGAIN, repeated=True, duration_s=0.0, cut=0
        )
        if again is not None and self._times_used[key] >= SAME_ACTION:
            action = f"{name}[{', '.join(str(value) for value in arguments.values())}]"
            return again, (
                AgentOutcome.STUCK,
                f"{truncate_lines(action, _SHORT)} was done {SAME_ACTION} times.",
            )
        if name in self._unavailable:
            use = ToolUse(name, arguments, UNAVAILABLE.format(tool=name), False, "final", 0.0)
            return use, (AgentOutcome.TOOL_FAILURE, f"It went on using {name}, which cannot be had.")
        if again is not None and again.success:
            return again, None
        use = self._observed(name, arguments, await self._execute(name, arguments))
        self._results[key] = use
        return use, None

    async def _execute(self, name: str, arguments: Mapping[str, object]) -> ToolResult:
        tool = self._tools.get(name)
        if tool is None:
            message = UNKNOWN.format(tool=name, known=", ".join(self._tools))
            return ToolResult(message, False, 0.0, "retry")
        self._clock.lap("parsing")
        result = await tool.execute(arguments)
        if result.parts:
            self._clock.lap_parts("search_wait", result.parts)
        else:
            self._clock.lap(f"{TOOL}{name}")
        if result.error == "final":
            self._unavailable.add(name)
        return result

    def _observed(self, name: str, arguments: JsonObject, result: ToolResult) -> ToolUse:
        """Return a use of a tool with its observation as the model is shown it, and keep its passages."""
        for passage in result.passages:
            self._passages.setdefault(passage.chunk.id, passage)
        shown = truncate_lines(result.text, self._options.observation_characters)
        return ToolUse(
            name,
            arguments,
            shown,
            result.success,
            result.error,
            result.duration_s,
            cut=result.cut + truncated_characters(result.text, shown),
        )


def _step(turn: Turn, calls: tuple[ModelReply, ...]) -> Step:
    """Return the step of a turn, with the tokens and the time of its model calls."""
    results = [call.result for call in calls]
    return Step(
        turn.thought,
        answer=turn.answer,
        read_as=turn.read_as,
        calls=tuple(call.place for call in calls),
        prompt_tokens=total_of([result.usage.prompt_tokens for result in results]),
        completion_tokens=total_of([result.usage.completion_tokens for result in results]),
        duration_s=sum_of_times([result.latency_s for result in results]),
    )


def _key(name: str, arguments: Mapping[str, object]) -> bytes:
    """Return what identifies an action: tool and arguments, without case and repeated white space."""
    plain = {key: " ".join(str(value).casefold().split()) for key, value in arguments.items()}
    return canonical_json([name, plain])

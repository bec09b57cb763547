"""The ReAct loop: the model thinks and acts, a tool answers, and again, until there is an answer.

After Yao et al. 2022, "ReAct: Synergizing Reasoning and Acting in Language Models" (arXiv:2210.03629).
Every way of ending is an outcome of its own, and each but a failed model call has the best answer
that could be had: where the agent ended without one, the model is asked once more for it, from what
was found.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.domain.generation import GenerationResult, Message, total_of
from app.domain.hashing import canonical_json
from app.domain.passages import Passage
from app.domain.status import FailureKind
from app.domain.trace import AgentOutcome, Step, ToolUse, Trace
from app.services.agent.actions import Turn, Unreadable
from app.services.agent.cutting import cut_lines, lost
from app.services.agent.forms import Done, Form
from app.services.agent.tools.base import ToolResult
from app.services.agent.usefulness import judge_uses, source_of
from app.services.inference.base import EngineError
from app.services.inference.token_estimate import CHARACTERS_PER_TOKEN

LastQuestion = Literal["never", "needed", "always"]
SAME_ACTION = 3
"""So often the same action is stuck."""
_SHORT = 240  # characters of an earlier observation, where the transcript grows too long
AGAIN = "You have done this already; its result stands above. Do something else, or finish."
UNAVAILABLE = "{tool} must not be used again."
UNKNOWN = "There is no action {tool}. There is: {known}, finish."
LAST_QUESTION = (
    "{notes}\n\nAnswer the question from these notes. Write only the name, number or short phrase that is "
    "asked for, nothing else.\n\nQuestion: {question}\nShort answer:"
)


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """Bounds of an agent.

    Attributes:
        max_iterations: turns of the model before it is asked for its answer.
        observation_tokens: of one observation, about.
        last_question: whether the model is asked for its answer in plain words, from notes of what was
            found: ``never``, where the agent ended without one (``needed``), or ``always``.
    """

    max_iterations: int = 5
    observation_tokens: int = 256
    last_question: LastQuestion = "needed"

    @property
    def room(self) -> int:
        """Characters of an observation."""
        return round(self.observation_tokens * CHARACTERS_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class Asked:
    """An answered model call, and its place among the run's calls."""

    result: GenerationResult
    place: int


@dataclass(frozen=True, slots=True)
class Model:
    """What the loop needs of a model.

    Attributes:
        step: asks for the next turn, in the agent's form.
        question: asks for an answer in plain text.
        fits: whether a prompt leaves room for an answer in the model's window.
    """

    step: Callable[[tuple[Message, ...]], Awaitable[Asked]]
    question: Callable[[tuple[Message, ...]], Awaitable[Asked]]
    fits: Callable[[tuple[Message, ...]], bool]


class Agent:
    """One question's agent: runs once, and can tell at any time what it has done.

    Attributes:
        answer: what it answered, or was brought to answer; ``None`` if nothing.
        output: the model's text that holds the answer, or its last one.
        passages: of the knowledge base that it was shown, each once, in the order of finding them.
    """

    def __init__(self, form: Form, options: AgentOptions, question: str, model: Model) -> None:
        self._form = form
        self._tools = {tool.name: tool for tool in form.tools}
        self._options = options
        self._question = question
        self._model = model
        self._history: list[Done] = []
        self._steps: list[Step] = []
        self._done: Counter[bytes] = Counter()
        self._results: dict[bytes, ToolUse] = {}
        self._unavailable: set[str] = set()
        self._passages: dict[str, Passage] = {}
        # Until it is known better: whoever asks in the middle is told of a failure.
        self._outcome = AgentOutcome.FAILED
        self._reason = "It broke off in the middle; the failure of the run says why."
        self.answer: str | None = None
        self.output = ""

    @property
    def passages(self) -> tuple[Passage, ...]:
        """See the class."""
        return tuple(self._passages.values())

    def trace(self) -> Trace:
        """Return what has been done so far, each use judged."""
        steps = judge_uses(self._question, self._steps, self.answer)
        return Trace(steps, self._outcome, self._reason, source_of(steps, self.answer))

    async def run(self) -> Trace:
        """Work on the question until the agent ends.

        Raises:
            EngineError: if a model call fails for good, other than by the length of its prompt.
        """
        ending = None
        for _ in range(self._options.max_iterations):
            ending = await self._iterate()
            if ending is not None:
                break
        most = self._options.max_iterations
        outcome, reason = ending or (AgentOutcome.ITERATION_LIMIT, f"No answer within {most} iterations.")
        if self._asks_at_the_end(outcome):
            await self._ask_for_answer()
        self._outcome, self._reason = outcome, reason
        return self.trace()

    def _asks_at_the_end(self, outcome: AgentOutcome) -> bool:
        if outcome is AgentOutcome.ANSWERED:
            # Without any notes a second answer would be naive prompting's.
            found = any(step.use and step.use.success for step in self._steps)
            return self._options.last_question == "always" and found
        return self._options.last_question != "never"

    async def _iterate(self) -> tuple[AgentOutcome, str] | None:
        """Make one turn; return how the agent ends, or ``None`` if it goes on."""
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
            return AgentOutcome.PARSE_FAILURE, "No action could be read, also after a repair prompt."
        if turn.answer is not None:
            self.answer = turn.answer
            self._steps.append(replace(step, answer=turn.answer))
            return AgentOutcome.ANSWERED, ""
        use, ending = await self._use(turn)
        self._steps.append(replace(step, use=use))
        self._history.append(Done(turn, use.observation))
        return ending

    # -- the model ----------------------------------------------------------------------------------

    def _prompt(self) -> tuple[Message, ...] | None:
        """Return the prompt of the next turn, earlier observations shortened if need be."""
        opening = self._form.opening(self._question)
        shortened = [replace(done, observation=cut_lines(done.observation, _SHORT)) for done in self._history]
        last = len(self._history) - 1
        for short in range(last + 2):
            # The oldest are shortened first, and the newest last of all.
            prompt = (*opening, *self._form.told([*shortened[:short], *self._history[short:]]))
            if self._model.fits(prompt):
                return prompt
        return None

    async def _turn(self, prompt: tuple[Message, ...]) -> tuple[Turn | None, Step]:
        """Ask for a turn, twice if the first cannot be read; ``None`` if the second cannot either."""
        first = await self._asked(self._model.step(prompt))
        try:
            turn = self._form.read(first.result)
            return turn, _step(turn, (first,))
        except Unreadable as error:
            thought = error.thought
        repair = (*prompt, *self._form.repairing(first.result))
        try:
            second = await self._asked(self._model.step(repair))
        except EngineError:
            # Its first call belongs to the trace, whatever becomes of the second.
            self._steps.append(_step(Turn(thought), (first,)))
            raise
        try:
            turn = self._form.read(second.result)
        except Unreadable as error:
            return None, replace(_step(Turn(error.thought), (first, second)), repaired=True)
        return turn, replace(_step(turn, (first, second)), repaired=True)

    async def _ask_for_answer(self) -> None:
        """Ask for the best answer that can be given from what was found."""
        for short in (False, True):
            prompt = (Message("user", self._last_question(short=short)),)
            if not self._model.fits(prompt):
                continue
            try:
                asked = await self._asked(self._model.question(prompt))
            except EngineError as error:
                if error.kind is not FailureKind.CONTEXT_LENGTH:
                    raise
                continue
            answer = asked.result.text.strip()
            self.answer = answer or self.answer
            self._steps.append(replace(_step(Turn("", answer=answer or None), (asked,)), last=True))
            return

    def _last_question(self, *, short: bool) -> str:
        """Return the question after notes of what was thought and found."""
        notes = []
        for step in self._steps:
            if step.thought:
                notes.append(f"Note: {cut_lines(step.thought, _SHORT)}")
            if step.use is not None and not step.use.repeated:
                found = cut_lines(step.use.observation, _SHORT) if short else step.use.observation
                arguments = ", ".join(str(value) for value in step.use.arguments.values())
                notes.append(f"{step.use.tool}[{arguments}]: {found}")
        filled = {"notes": "\n".join(notes) or "(There are none.)", "question": self._question}
        head, _, tail = LAST_QUESTION.partition("{notes}")
        return head + filled["notes"] + tail.replace("{question}", filled["question"])

    async def _asked(self, call: Awaitable[Asked]) -> Asked:
        asked = await call
        self.output = asked.result.text
        return asked

    # -- the tools ----------------------------------------------------------------------------------

    async def _use(self, turn: Turn) -> tuple[ToolUse, tuple[AgentOutcome, str] | None]:
        """Use the tool of a turn; return what came of it, and how the agent ends if it does."""
        name, arguments = str(turn.tool), dict(turn.arguments)
        key = _key(name, arguments)
        self._done[key] += 1
        before = self._results.get(key)
        again = before and replace(
            before, arguments=arguments, observation=AGAIN, repeated=True, duration_s=0.0, cut=0
        )
        if again is not None and self._done[key] >= SAME_ACTION:
            told = f"{name}[{', '.join(str(value) for value in arguments.values())}]"
            return again, (AgentOutcome.STUCK, f"{cut_lines(told, _SHORT)} was done {SAME_ACTION} times.")
        if name in self._unavailable:
            use = ToolUse(name, arguments, UNAVAILABLE.format(tool=name), False, "final", 0.0)
            return use, (AgentOutcome.TOOL_FAILURE, f"It went on using {name}, which cannot be had.")
        if again is not None and again.success:
            return again, None
        use = self._observed(name, arguments, await self._execute(name, arguments))
        self._results[key] = use
        return use, None

    async def _execute(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        tool = self._tools.get(name)
        if tool is None:
            told = UNKNOWN.format(tool=name, known=", ".join(self._tools))
            return ToolResult(told, False, 0.0, "retry")
        result = await tool.execute(arguments)
        if result.error == "final":
            self._unavailable.add(name)
        return result

    def _observed(self, name: str, arguments: dict[str, Any], result: ToolResult) -> ToolUse:
        """Return a use of a tool as the model is shown it."""
        for passage in result.passages:
            self._passages.setdefault(passage.chunk.id, passage)
        shown = cut_lines(result.text, self._options.room)
        return ToolUse(
            name,
            arguments,
            shown,
            result.success,
            result.error,
            result.duration_s,
            cut=result.cut + lost(result.text, shown),
        )


def _step(turn: Turn, calls: tuple[Asked, ...]) -> Step:
    """Return the step of a turn, with what its calls took."""
    results = [asked.result for asked in calls]
    return Step(
        turn.thought,
        answer=turn.answer,
        read_as=turn.read_as,
        calls=tuple(asked.place for asked in calls),
        prompt_tokens=total_of([result.usage.prompt_tokens for result in results]),
        completion_tokens=total_of([result.usage.completion_tokens for result in results]),
        duration_s=sum(result.latency_s for result in results),
    )


def _key(name: str, arguments: Mapping[str, Any]) -> bytes:
    """Return what makes two actions the same: tool and arguments, not case and white space."""
    plain = {key: " ".join(str(value).casefold().split()) for key, value in arguments.items()}
    return canonical_json([name, plain])

"""What a method is, and what it is given."""

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from app.domain.examples import Example
from app.domain.generation import Constraint, GenerationParams, GenerationRequest, Message, ToolSpec
from app.domain.passages import Passage
from app.domain.prediction import Call, Prediction
from app.domain.trace import Trace
from app.schemas.experiment_config import MAX_REPEATS
from app.services.inference.base import Engine


@dataclass(slots=True)
class Transcript:
    """What a method has done for an example so far, for when it fails in the middle.

    Attributes:
        asked: the messages of the last call, answered or not.
        calls: those that were answered.
        passages: what was retrieved.
        trace: what an agent has done.
    """

    asked: tuple[Message, ...] | None = None
    calls: list[Call] = field(default_factory=list)
    passages: tuple[Passage, ...] | None = None
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a method may use to answer one example.

    Attributes:
        engine: cached, limited and retried; a method just calls it.
        model: catalog name of the model.
        params: sampling parameters of the experiment.
        seed: of the experiment.
        repeat: index of this repeat of the example.
        window: tokens that the model takes, prompt and answer together; ``None`` if unknown.
        transcript: what has been done so far.
    """

    engine: Engine
    model: str
    params: GenerationParams
    seed: int
    repeat: int
    window: int | None = None
    transcript: Transcript = field(default_factory=Transcript)

    async def call(
        self,
        messages: tuple[Message, ...],
        sample: int = 0,
        *,
        stop: tuple[str, ...] = (),
        constraint: Constraint | None = None,
        tools: tuple[ToolSpec, ...] = (),
    ) -> Call:
        """Make one model call.

        Args:
            messages: the prompt.
            sample: index of this one among several answers to the same prompt within the repeat.
                Samples beyond the first count on where an experiment's repeats end, so that no
                cache takes a sample for a repeat, nor one sample for another.
            stop: strings that end the answer, beside those of the experiment.
            constraint: form of the answer.
            tools: that the model may ask for.

        Raises:
            EngineError: if it fails for good.
        """
        repeat = self.repeat + sample * MAX_REPEATS
        params = replace(self.params, stop=(*self.params.stop, *stop)) if stop else self.params
        request = GenerationRequest(messages, self.model, params, self.seed, repeat, constraint, tools)
        self.transcript.asked = messages
        call = Call(request, await self.engine.generate(request))
        self.transcript.calls.append(call)
        return call


class Method(Protocol):
    """An async callable from example to prediction, with what identifies its prompts."""

    @property
    def name(self) -> str:
        """The method's name in configurations."""
        ...

    @property
    def template(self) -> dict[str, Any]:
        """All prompt text of the method, as JSON; its hash is the prompt hash of a result."""
        ...

    def render(self, example: Example) -> tuple[Message, ...]:
        """Return the first prompt for ``example``, as it would be sent before anything is retrieved."""
        ...

    async def __call__(self, example: Example, context: Context) -> Prediction:
        """Answer ``example``.

        Raises:
            EngineError: if a call that the answer needs fails for good.
        """
        ...

"""What a method is, and what it is given."""

from dataclasses import dataclass
from typing import Any, Protocol

from app.domain.examples import Example
from app.domain.generation import GenerationParams, GenerationRequest, Message
from app.domain.prediction import Call, Prediction
from app.schemas.experiment_config import MAX_REPEATS
from app.services.inference.base import Engine


@dataclass(frozen=True, slots=True)
class Context:
    """What a method may use to answer one example.

    Attributes:
        engine: cached, limited and retried; a method just calls it.
        model: catalog name of the model.
        params: sampling parameters of the experiment.
        seed: of the experiment.
        repeat: index of this repeat of the example.
    """

    engine: Engine
    model: str
    params: GenerationParams
    seed: int
    repeat: int

    async def call(self, messages: tuple[Message, ...], sample: int = 0) -> Call:
        """Make one model call.

        Args:
            messages: the prompt.
            sample: index of this one among several answers to the same prompt within the repeat.
                Samples beyond the first count on where an experiment's repeats end, so that no
                cache takes a sample for a repeat, nor one sample for another.

        Raises:
            EngineError: if it fails for good.
        """
        repeat = self.repeat + sample * MAX_REPEATS
        request = GenerationRequest(messages, self.model, self.params, self.seed, repeat)
        return Call(request, await self.engine.generate(request))


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
        """Return the first prompt for ``example``, as it would be sent."""
        ...

    async def __call__(self, example: Example, context: Context) -> Prediction:
        """Answer ``example``.

        Raises:
            EngineError: if a call that the answer needs fails for good.
        """
        ...

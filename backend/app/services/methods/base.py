"""What a method is, and what it is given."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

from app.domain.examples import Example
from app.domain.generation import Constraint, GenerationParams, GenerationRequest, Message, ToolSpec
from app.domain.json import JsonObject
from app.domain.passages import Passage
from app.domain.prediction import Call, Prediction
from app.domain.scoring import ScoringRule
from app.domain.stages import StageClock
from app.domain.trace import Trace
from app.schemas.experiment_config import MAX_REPEATS
from app.services.inference.base import Engine
from app.services.methods.prompts import PromptTemplate
from app.services.rag.base import Retriever
from app.services.wikipedia.client import WikipediaClient


@dataclass(frozen=True, slots=True)
class Sources:
    """What methods read from, opened; ``None`` where a method does not need it, or only shows its prompts."""

    retriever: Retriever | None = None
    wikipedia: WikipediaClient | None = None


@dataclass(slots=True)
class Transcript:
    """What a method has done for an example so far: kept for the record when it fails before its end.

    Attributes:
        asked: messages of the last call, answered or not; ``None`` before the first call.
        calls: calls that were answered, in order.
        passages: passages that were retrieved; ``None`` if none were asked for.
        trace: steps of an agent.
        beside_model_s: seconds that retrieval and tools took: what a user of the method waits for beside
            the model. Waiting for other questions to be searched for is not in it.
        clock: notes the stages of the run.
    """

    asked: tuple[Message, ...] | None = None
    calls: list[Call] = field(default_factory=list)
    passages: tuple[Passage, ...] | None = None
    trace: Trace | None = None
    beside_model_s: float = 0.0
    clock: StageClock = field(default_factory=StageClock)


@dataclass(frozen=True, slots=True)
class Context:
    """What a method may use to answer one example.

    Attributes:
        engine: answers requests; it caches, limits and retries, so that a method only calls it.
        model: catalog name of the model.
        params: sampling parameters of the experiment.
        seed: seed of the experiment.
        repeat: index of this repeat of the example, from 0.
        window: context window of the model in tokens, prompt and answer together; ``None`` if unknown.
        transcript: what has been done so far; ``call`` records each call in it.
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
            sample: index of this one among several answers to the same prompt within the repeat, from 0.
                In the cache, samples after the first have numbers above those of all repeats, so that
                no sample is taken for a repeat or for another sample.
            stop: strings that end the answer, in addition to those of the experiment.
            constraint: grammar or schema that the answer must match.
            tools: tools that the model may call.

        Raises:
            EngineError: if the call failed and is not repeated again.
        """
        repeat = self.repeat + sample * MAX_REPEATS
        params = replace(self.params, stop=(*self.params.stop, *stop)) if stop else self.params
        transcript = self.transcript
        clock = transcript.clock
        request = GenerationRequest(
            messages, self.model, params, self.seed, repeat, constraint, tools, clock=clock
        )
        clock.lap("prompt")
        transcript.asked = messages
        call = Call(request, await self.engine.generate(request))
        transcript.calls.append(call)
        return call


class Method(Protocol):
    """An async callable from example to prediction, with what identifies its prompts."""

    @property
    def name(self) -> str:
        """The method's name in configurations."""
        ...

    @property
    def template(self) -> JsonObject:
        """All prompt text of the method, as JSON; its hash is the prompt hash of a result."""
        ...

    def render(self, example: Example, passages: Sequence[Passage] | None = None) -> tuple[Message, ...]:
        """Return the first prompt for ``example``.

        Args:
            example: whose question is asked.
            passages: retrieved for the question, for methods whose first prompt holds them; ``None``
                before anything is retrieved.
        """
        ...

    async def __call__(self, example: Example, context: Context) -> Prediction:
        """Answer ``example``.

        Raises:
            EngineError: if a call that the answer needs fails, and is not repeated again.
        """
        ...


@dataclass(frozen=True)
class PromptMethod(ABC):
    """Base of methods that fill one prompt template; a subclass says how its answers are made.

    Attributes:
        prompt: template that is filled with the question.
        rule: scoring rule of the dataset, which decides how an answer is read from an output.
        name: the method's name in configurations.
    """

    prompt: PromptTemplate
    rule: ScoringRule

    name: ClassVar[str]

    @property
    def template(self) -> JsonObject:
        """The prompt template; see ``Method.template``."""
        return {"method": self.name, "prompt": self.prompt.as_dict()}

    def render(self, example: Example, passages: Sequence[Passage] | None = None) -> tuple[Message, ...]:
        """Return the prompt; see ``Method.render``."""
        return self.prompt.render(example, passages)

    @abstractmethod
    async def __call__(self, example: Example, context: Context) -> Prediction:
        """Answer ``example``; see ``Method``."""

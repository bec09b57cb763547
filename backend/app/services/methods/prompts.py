"""Prompt templates: text with named places, in one family for all methods that fill one prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.examples import Example
from app.domain.generation import Message
from app.domain.json import JsonObject
from app.domain.passages import Passage
from app.domain.templates import check_places, fill
from app.services.methods.exemplars import Exemplar

NOT_YET = "(the passages are retrieved when the experiment runs)"


@dataclass(frozen=True)
class PromptTemplate:
    """A prompt with the place ``{question}``, and an optional system message.

    Attributes:
        text: of the user's turn; ``places`` names the places that it must hold.
        system: system message, in which nothing is filled.

    Raises:
        ValueError: if a place is missing or unknown.
    """

    text: str
    system: str | None = None

    places: ClassVar[tuple[str, ...]] = ("question",)

    def __post_init__(self) -> None:
        check_places(self.text, self.places)

    def render(self, example: Example, passages: Sequence[Passage] | None = None) -> tuple[Message, ...]:
        """Return the messages for ``example``; braces in what fills the places stay as they are.

        Args:
            example: whose question is asked.
            passages: retrieved for the question; used by templates that have a place for them.
        """
        del passages
        return (*self._before(), self._ask({"question": example.question}))

    def as_dict(self) -> JsonObject:
        """Return the template as JSON."""
        return {"text": self.text, "system": self.system}

    def _before(self) -> tuple[Message, ...]:
        """Return what stands before the question."""
        return (Message("system", self.system),) if self.system else ()

    def _ask(self, values: dict[str, str]) -> Message:
        return Message("user", fill(self.text, values))


@dataclass(frozen=True)
class CoTPromptTemplate(PromptTemplate):
    """A prompt for reasoning, after worked examples, if any.

    Each worked example is a turn of its own before the question: asked with the same text, and
    answered as the model is to answer.
    """

    exemplars: tuple[Exemplar, ...] = ()

    def as_dict(self) -> JsonObject:
        """Return the template as JSON; ``exemplars`` only where there are any."""
        shown = {"exemplars": [exemplar.as_dict() for exemplar in self.exemplars]} if self.exemplars else {}
        return {**super().as_dict(), **shown}

    def _before(self) -> tuple[Message, ...]:
        worked = [
            message
            for exemplar in self.exemplars
            for message in (
                self._ask({"question": exemplar.question}),
                Message("assistant", exemplar.worked),
            )
        ]
        return (*super()._before(), *worked)


@dataclass(frozen=True)
class RagPromptTemplate(PromptTemplate):
    """A prompt with a place for retrieved passages: ``{passages}``."""

    places: ClassVar[tuple[str, ...]] = ("passages", "question")

    def render(self, example: Example, passages: Sequence[Passage] | None = None) -> tuple[Message, ...]:
        """Return the messages for ``example``, with a note instead of passages not retrieved yet."""
        shown = NOT_YET if passages is None else numbered(passages)
        return (*self._before(), self._ask({"question": example.question, "passages": shown}))


def numbered(passages: Sequence[Passage]) -> str:
    """Return passages as a prompt shows them: numbered, each under its title."""
    blocks = []
    for number, passage in enumerate(passages, start=1):
        title = f" {passage.chunk.title}" if passage.chunk.title else ""
        blocks.append(f"[{number}]{title}\n{passage.chunk.text}")
    return "\n\n".join(blocks)

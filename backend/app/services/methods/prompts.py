"""Prompt templates: text with named places, filled without any interpretation of what fills them."""

import re
from dataclasses import dataclass
from typing import Any

from app.domain.examples import Example
from app.domain.generation import Message
from app.services.methods.exemplars import Exemplar

_PLACE = re.compile(r"\{(\w+)\}")
_QUESTION = "question"


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A prompt with the place ``{question}``, an optional system message, and worked examples.

    ``places`` are the others that it must hold, such as ``passages``.

    Each worked example is a turn of its own before the question: asked with the same text, and
    answered as the model is to answer.

    Raises:
        ValueError: if a place is unknown, or the question has none.
    """

    text: str
    system: str | None = None
    exemplars: tuple[Exemplar, ...] = ()
    places: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        found, known = set(_PLACE.findall(self.text)), {_QUESTION, *self.places}
        if unknown := found - known:
            there_is = " and ".join(f"{{{place}}}" for place in sorted(known))
            raise ValueError(f"unknown place {{{min(unknown)}}} in the template; there is {there_is}")
        if missing := known - found:
            raise ValueError(f"the template must have the place {{{min(missing)}}}")

    def render(self, example: Example, **values: str) -> tuple[Message, ...]:
        """Return the messages for ``example``; braces in what fills the places stay as they are."""
        messages = [Message("system", self.system)] if self.system else []
        for exemplar in self.exemplars:
            messages += [self._ask(exemplar.question, values), Message("assistant", exemplar.worked)]
        return (*messages, self._ask(example.question, values))

    def _ask(self, question: str, values: dict[str, str]) -> Message:
        filled = {**values, _QUESTION: question}
        return Message("user", _PLACE.sub(lambda match: filled[match[1]], self.text))

    def as_dict(self) -> dict[str, Any]:
        """Return the template as JSON; ``exemplars`` only where there are any."""
        shown = {"exemplars": [exemplar.as_dict() for exemplar in self.exemplars]} if self.exemplars else {}
        return {"text": self.text, "system": self.system, **shown}

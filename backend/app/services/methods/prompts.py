"""Prompt templates: text with named places, filled without any interpretation of what fills them."""

import re
from dataclasses import dataclass
from typing import Any

from app.domain.examples import Example
from app.domain.generation import Message
from app.services.methods.exemplars import Exemplar

_PLACE = re.compile(r"\{(\w+)\}")
_PLACES = frozenset({"question"})


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A prompt with the place ``{question}``, an optional system message, and worked examples.

    Each worked example is a turn of its own before the question: asked with the same text, and
    answered as the model is to answer.

    Raises:
        ValueError: if a place is unknown, or the question has none.
    """

    text: str
    system: str | None = None
    exemplars: tuple[Exemplar, ...] = ()

    def __post_init__(self) -> None:
        places = set(_PLACE.findall(self.text))
        unknown = places - _PLACES
        if unknown:
            raise ValueError(f"unknown place {{{min(unknown)}}} in the template; there is {{question}}")
        if "question" not in places:
            raise ValueError("the template must have the place {question}")

    def render(self, example: Example) -> tuple[Message, ...]:
        """Return the messages for ``example``; braces in the question stay as they are."""
        messages = [Message("system", self.system)] if self.system else []
        for exemplar in self.exemplars:
            messages += [self._ask(exemplar.question), Message("assistant", exemplar.worked)]
        return (*messages, self._ask(example.question))

    def _ask(self, question: str) -> Message:
        values = {"question": question}
        return Message("user", _PLACE.sub(lambda match: values[match[1]], self.text))

    def as_dict(self) -> dict[str, Any]:
        """Return the template as JSON; ``exemplars`` only where there are any."""
        shown = {"exemplars": [exemplar.as_dict() for exemplar in self.exemplars]} if self.exemplars else {}
        return {"text": self.text, "system": self.system, **shown}

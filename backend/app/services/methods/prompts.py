"""Prompt templates: text with named places, filled without any interpretation of what fills them."""

import re
from dataclasses import dataclass

from app.domain.examples import Example
from app.domain.generation import Message

_PLACE = re.compile(r"\{(\w+)\}")
_PLACES = frozenset({"question"})


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A prompt with the place ``{question}``, and an optional system message.

    Raises:
        ValueError: if a place is unknown, or the question has none.
    """

    text: str
    system: str | None = None

    def __post_init__(self) -> None:
        places = set(_PLACE.findall(self.text))
        unknown = places - _PLACES
        if unknown:
            raise ValueError(f"unknown place {{{min(unknown)}}} in the template; there is {{question}}")
        if "question" not in places:
            raise ValueError("the template must have the place {question}")

    def render(self, example: Example) -> tuple[Message, ...]:
        """Return the messages for ``example``; braces in the question stay as they are."""
        values = {"question": example.question}
        user = Message("user", _PLACE.sub(lambda match: values[match[1]], self.text))
        return (Message("system", self.system), user) if self.system else (user,)

    def as_dict(self) -> dict[str, str | None]:
        """Return the template as JSON."""
        return {"text": self.text, "system": self.system}

"""Wire types of what people add to experiments: names, tags, notes."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from app.schemas.common import Flag, Strict, Text

MOST_TAGS = 20
"""Tags that one experiment may have."""
Archived = Literal["exclude", "include", "only"]
"""Whether a list holds archived experiments."""


def _tag(value: str) -> str:
    tag = " ".join(value.split())
    if not tag:
        raise ValueError("must not be empty")
    if "," in tag or not tag.isprintable():
        raise ValueError("must not hold commas or control characters")
    return tag


def not_blank(value: str) -> str:
    """Return a text without the spaces around it; an empty one is refused."""
    text = value.strip()
    if not text:
        raise ValueError("must not be empty")
    return text


def _unique(tags: list[str]) -> list[str]:
    return sorted(set(tags), key=lambda tag: (tag.casefold(), tag))


Tag = Annotated[Text, Field(max_length=40), AfterValidator(_tag)]
"""A short text without commas; spaces around it are dropped."""
Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS), AfterValidator(_unique)]
Name = Annotated[Text, Field(max_length=200), AfterValidator(not_blank)]


class ExperimentChange(Strict):
    """What to change of an experiment; fields that are left out stay as they are.

    Its configuration, and with it what is measured, never changes.
    """

    name: Name | None = None
    notes: Annotated[Text, Field(max_length=20_000)] | None = Field(
        default=None, description="Plain text; empty removes them."
    )
    tags: Tags | None = Field(default=None, description="In place of all that it has.")
    add_tags: Tags = Field(default=[])
    remove_tags: Tags = Field(default=[])
    archived: Flag | None = Field(
        default=None, description="Lists leave out archived experiments, unless they are asked for."
    )

    @model_validator(mode="after")
    def _one_way_of_tagging(self) -> Self:
        if self.tags is not None and (self.add_tags or self.remove_tags):
            raise ValueError("give either tags, or add_tags and remove_tags")
        both = sorted(set(self.add_tags) & set(self.remove_tags))
        if both:
            raise ValueError(f"{both[0]!r} is to be added and to be removed")
        return self

"""Wire types shared by all resources."""

from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictFloat
from pydantic_core import PydanticKnownError

T = TypeVar("T")


def _storable(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not hold NUL characters")
    return value


Text = Annotated[str, AfterValidator(_storable)]
"""Text that Postgres can store, which is all but NUL characters."""


_MOST_WORDS = 20


def _few(value: str) -> str:
    if len(value.split()) > _MOST_WORDS:
        raise ValueError(f"holds more than {_MOST_WORDS} words")
    return value


Words = Annotated[Text, AfterValidator(_few)]
"""Words to look for in each row; few, since each costs a search of its own."""


def _no_text(value: object) -> object:
    if isinstance(value, bool | str):
        raise PydanticKnownError("int_type")
    return value


NoText = BeforeValidator(_no_text)
"""What makes an ``int`` an ``Integer``; bounds stand before it, or they are missing in the JSON schema."""
Integer = Annotated[int, NoText]
"""An integer, also if it is written as 20.0 or 1e3; ``true`` and "5" are none."""
Number = StrictFloat
"""A number; ``true`` and "0.5" are none."""
Flag = StrictBool
"""``true`` or ``false``; 0, 1 and "no" are neither."""


class Strict(BaseModel):
    """An input with no unknown fields: a misspelt field is an error, not a default.

    Its numbers and booleans are ``Integer``, ``Number`` and ``Flag``, which are taken as they are written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class FromAttributes(BaseModel):
    """An answer that is read off a stored row or a service's dataclass, by the names of its attributes."""

    model_config = ConfigDict(from_attributes=True)


def readable_problem(kind: str, message: str) -> str:
    """Return Pydantic's message about a wrong field in words for users.

    Args:
        kind: Pydantic's type of the error.
        message: Pydantic's message.
    """
    if kind == "extra_forbidden":
        return "there is no such field"
    return message.removeprefix("Value error, ")


class FieldProblem(BaseModel):
    """An error in one field or line of the input."""

    field: str = Field(examples=["dataset.name"], description="Path of the field, or `line N` of a file.")
    message: str = Field(examples=["no dataset 'trivia'"])


class ErrorBody(BaseModel):
    """The body of every error."""

    code: str = Field(examples=["invalid_input"])
    message: str = Field(examples=["There is no dataset 'trivia'."], description="What happened.")
    hint: str = Field(examples=["There are: trivia_qa."], description="How to fix it; may be empty.")
    errors: list[FieldProblem]


class Page(BaseModel, Generic[T]):
    """A page of a list."""

    items: list[T]
    total: int = Field(description="Items on all pages.")
    offset: int
    limit: int


class KeysetPage(BaseModel, Generic[T]):
    """A page of a list that is paged by cursors."""

    items: list[T]
    total: int = Field(description="Items on all pages.")
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")

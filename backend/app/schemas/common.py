"""Wire types shared by all resources."""

from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

T = TypeVar("T")


def _storable(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not hold NUL characters")
    return value


Text = Annotated[str, AfterValidator(_storable)]
"""Text that the database can hold: Postgres takes no NUL character."""


class Strict(BaseModel):
    """Unknown fields are refused, so that a typo never silently changes an experiment."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def readable_problem(kind: str, message: str) -> str:
    """Return what Pydantic says of a wrong field as a person would say it."""
    if kind == "extra_forbidden":
        return "there is no such field"
    return message.removeprefix("Value error, ")


class FieldProblem(BaseModel):
    """What is wrong with one field or line of the input."""

    field: str = Field(examples=["dataset.name"], description="Path of the field, or `line N` of a file.")
    message: str = Field(examples=["no dataset 'trivia'"])


class ErrorBody(BaseModel):
    """Every error of the API has this form."""

    code: str = Field(examples=["invalid_input"])
    message: str = Field(examples=["There is no dataset 'trivia'."], description="What happened.")
    hint: str = Field(examples=["There are: trivia_qa."], description="What to do about it; may be empty.")
    errors: list[FieldProblem]


class Page(BaseModel, Generic[T]):
    """A page of a list."""

    items: list[T]
    total: int = Field(description="How many there are in all.")
    offset: int
    limit: int


class KeysetPage(BaseModel, Generic[T]):
    """A page of a list that is too long for offsets: `next` leads on."""

    items: list[T]
    total: int = Field(description="How many there are in all.")
    next: str | None = Field(description="Pass it as `cursor` for the next page; null at the end.")

"""An experiment's configuration: one schema for the YAML file, the request, and the stored JSON."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from app.domain.generation import GenerationParams
from app.domain.hashing import content_hash

MAX_EXAMPLES = 1_000_000


def _storable(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not hold NUL characters")
    return value


Text = Annotated[str, AfterValidator(_storable)]
"""Text that the database can hold: Postgres takes no NUL character."""


class _Strict(BaseModel):
    """Unknown fields are refused, so that a typo never silently changes an experiment."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetChoice(_Strict):
    """Which questions: a dataset, a version, and a sample of it."""

    name: Text = Field(min_length=1, max_length=100, examples=["trivia_qa"])
    version: Text | None = Field(default=None, description="Hex digits; the newest version if left out.")
    n: int | None = Field(
        default=None, ge=1, le=MAX_EXAMPLES, description="Sample size, drawn by the seed; all if left out."
    )


class NaiveMethodConfig(_Strict):
    """The question as it is."""

    name: Literal["naive"] = "naive"
    template: Text = Field(
        default="Question: {question}\nAnswer:", max_length=20_000, description="Must hold {question}."
    )
    system: Text | None = Field(default=None, max_length=20_000)

    @field_validator("template")
    @classmethod
    def _has_question_only(cls, value: str) -> str:
        places = set(re.findall(r"\{(\w+)\}", value))
        if "question" not in places:
            raise ValueError("must hold the place {question}")
        if unknown := places - {"question"}:
            raise ValueError(f"unknown place {{{min(unknown)}}}; there is {{question}}")
        return value


MethodConfig = NaiveMethodConfig


class Params(_Strict):
    """Sampling parameters."""

    temperature: float = Field(default=0.0, ge=0, le=2, allow_inf_nan=False)
    max_tokens: int = Field(default=64, ge=1, le=32_768)
    top_p: float | None = Field(default=None, gt=0, le=1)
    stop: list[Annotated[Text, Field(min_length=1, max_length=200)]] = Field(default=[], max_length=4)


class ExperimentConfig(_Strict):
    """A complete experiment: the same file gives the same questions, prompts and calls."""

    name: Text = Field(min_length=1, max_length=200)
    description: Text = Field(default="", max_length=5_000)
    model: Text = Field(
        min_length=3, max_length=500, description="provider/model", examples=["local/smollm2-135m-instruct"]
    )
    method: MethodConfig = NaiveMethodConfig()
    dataset: DatasetChoice
    params: Params = Params()
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    repeats: int = Field(default=1, ge=1, le=100, description="Independent answers to each question.")
    concurrency: int = Field(default=16, ge=1, le=1024, description="Calls in flight, at most.")
    timeout_s: float = Field(default=120.0, gt=0, le=3600, description="Of one call, seconds.")
    max_failed_share: float = Field(
        default=0.1, ge=0, le=1, description="The experiment stops when more of its runs than this failed."
    )
    cache: bool = Field(default=True, description="Whether answers given before may be used again.")

    def generation_params(self) -> GenerationParams:
        """Return the sampling parameters as the domain knows them."""
        p = self.params
        return GenerationParams(p.temperature, p.max_tokens, p.top_p, tuple(p.stop))

    def as_json(self) -> dict[str, Any]:
        """Return the complete configuration, defaults written out."""
        return self.model_dump(mode="json")

    def hash(self) -> str:
        """Return the hash of what decides the answers: not name, description, speed or tolerance."""
        speed_and_words = {"name", "description", "concurrency", "timeout_s", "max_failed_share", "cache"}
        return content_hash(self.model_dump(mode="json", exclude=speed_and_words))

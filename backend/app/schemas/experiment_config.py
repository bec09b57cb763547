"""An experiment's configuration: one schema for the YAML file, the request, and the stored JSON."""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.domain.generation import GenerationParams
from app.domain.hashing import content_hash

MAX_EXAMPLES = 1_000_000
MAX_REPEATS = 100


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


def _has_question_only(value: str) -> str:
    places = set(re.findall(r"\{(\w+)\}", value))
    if "question" not in places:
        raise ValueError("must hold the place {question}")
    if unknown := places - {"question"}:
        raise ValueError(f"unknown place {{{min(unknown)}}}; there is {{question}}")
    return value


Template = Annotated[
    Text, Field(max_length=20_000, description="Must hold {question}."), AfterValidator(_has_question_only)
]
"""A prompt's text with the place for the question."""


class NaiveMethodConfig(_Strict):
    """The question as it is."""

    max_tokens: ClassVar[int] = 64
    samples: ClassVar[int] = 1

    name: Literal["naive"] = "naive"
    template: Template = "Question: {question}\nAnswer:"
    system: Text | None = Field(default=None, max_length=20_000)


class CoTMethodConfig(_Strict):
    """Chain of thought: the model reasons before it answers, as worked examples show it, if any."""

    max_tokens: ClassVar[int] = 512

    name: Literal["cot"]
    shots: int = Field(
        default=3, ge=0, le=5, description="Worked examples before the question; 0: only told to reason."
    )
    exemplars: Literal["auto", "facts", "multi_hop", "arithmetic"] = Field(
        default="auto", description="Kind of the worked examples; auto: by the dataset's scoring."
    )
    template: Template = (
        # Told only to end with the answer, small models give it at once and skip the steps.
        "Question: {question}\nLet's think step by step. Write down each step first; "
        'then, on the last line, write "Answer:" and the answer.'
    )
    system: Text | None = Field(default=None, max_length=20_000)
    samples: int = Field(
        default=1,
        ge=1,
        le=20,
        description="Calls a run, whose answers vote; 2 or more need a temperature above 0.",
    )


_METHODS: dict[str, type[NaiveMethodConfig | CoTMethodConfig]] = {
    "naive": NaiveMethodConfig,
    "cot": CoTMethodConfig,
}
_MethodName = TypeAdapter(dict[Literal["name"], Literal["naive", "cot"]])
_DEFAULT_METHOD = "naive"


def _by_name(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Validate as the method that ``value`` names: errors then have the field's path, without the name.

    Experiments may leave the name out: those of before there was a second method do.
    """
    if not isinstance(value, dict):
        return handler(value)
    name = value.get("name", _DEFAULT_METHOD)
    _MethodName.validate_python({"name": name})
    return _METHODS[name].model_validate({**value, "name": name})


MethodConfig = Annotated[
    NaiveMethodConfig | CoTMethodConfig, Field(discriminator="name"), WrapValidator(_by_name)
]


class Params(_Strict):
    """Sampling parameters."""

    temperature: float = Field(default=0.0, ge=0, le=2, allow_inf_nan=False)
    max_tokens: int = Field(
        default=NaiveMethodConfig.max_tokens,
        ge=1,
        le=32_768,
        description=f"Of one call; with chain of thought {CoTMethodConfig.max_tokens} if left out.",
    )
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
    repeats: int = Field(default=1, ge=1, le=MAX_REPEATS, description="Independent answers to each question.")
    concurrency: int = Field(default=16, ge=1, le=1024, description="Calls in flight, at most.")
    timeout_s: float = Field(default=120.0, gt=0, le=3600, description="Of one call, seconds.")
    max_failed_share: float = Field(
        default=0.1, ge=0, le=1, description="The experiment stops when more of its runs than this failed."
    )
    cache: bool = Field(default=True, description="Whether answers given before may be used again.")

    @model_validator(mode="before")
    @classmethod
    def _room_to_reason(cls, data: Any) -> Any:
        """Let the method decide how many tokens an answer may take, unless the parameters say it."""
        if not isinstance(data, dict):
            return data
        method, params = data.get("method"), data.get("params", {})
        name = method.get("name") if isinstance(method, dict) else getattr(method, "name", None)
        chosen = _METHODS.get(name) if isinstance(name, str) else None
        if chosen is None or not isinstance(params, dict):
            return data
        return {**data, "params": {"max_tokens": chosen.max_tokens, **params}}

    @model_validator(mode="after")
    def _samples_differ(self) -> "ExperimentConfig":
        samples = self.method.samples
        if samples > 1 and self.params.temperature == 0:
            message = "{samples} samples need a temperature above 0: at 0 they would all be the same"
            problem = PydanticCustomError("samples_alike", message, {"samples": samples})
            where = InitErrorDetails(type=problem, loc=("method", "samples"), input=samples)
            raise ValidationError.from_exception_data("ExperimentConfig", [where])
        return self

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

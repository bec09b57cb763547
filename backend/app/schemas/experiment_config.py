"""An experiment's configuration: one schema for the YAML file, the request, and the stored JSON."""

from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, ValidationError, WithJsonSchema, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.domain.generation import GenerationParams
from app.domain.hashing import content_hash
from app.domain.json import JsonObject
from app.domain.spending import Limits
from app.schemas.common import Flag, Integer, NoText, Number, Strict, Text
from app.schemas.method_config import METHODS, MethodConfig, NaiveMethodConfig

NLI_MODEL = "facebook/bart-large-mnli"
MAX_EXAMPLES = 1_000_000
MAX_REPEATS = 100
_MOST_WORKERS = 64
_MOST_STOPS = 4  # that APIs take
_NOT_IN_HASH = {
    "name",
    "description",
    "concurrency",
    "timeout_s",
    "max_failed_share",
    "cache",
    "faithfulness",
    "scorers",
    "workers",
    "priority",
    "execution",
    "budget",
}
_LATER_DEFAULTS = {"workers": "auto", "priority": "normal", "budget": None}
Priority = Literal["low", "normal", "high"]
PRIORITIES: dict[Priority, int] = {"low": -1, "normal": 0, "high": 1}
"""Priorities as numbers: the higher ones first."""


def _worker_count(value: object) -> object:
    if value == "auto":
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_WORKERS:
        return value
    message = "must be auto, or a number from 1 to {most}"
    raise PydanticCustomError("workers", message, {"most": _MOST_WORKERS})


Workers = Annotated[
    Literal["auto"] | int,
    PlainValidator(_worker_count),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "const": "auto"},
                {"type": "integer", "minimum": 1, "maximum": _MOST_WORKERS},
            ]
        }
    ),
]

ScorerName = Annotated[Text, Field(min_length=1, max_length=100)]


class DatasetChoice(Strict):
    """Which questions: a dataset, a version, and a sample of it."""

    name: Text = Field(min_length=1, max_length=100, examples=["trivia_qa"])
    version: Text | None = Field(default=None, description="Hex digits; the newest version if left out.")
    n: Annotated[int, Field(ge=1, le=MAX_EXAMPLES), NoText] | None = Field(
        default=None, description="Sample size, drawn by the seed; all if left out."
    )


class Params(Strict):
    """Sampling parameters."""

    temperature: Number = Field(default=0.0, ge=0, le=2, allow_inf_nan=False)
    max_tokens: Integer = Field(
        default=NaiveMethodConfig.max_tokens,
        ge=1,
        le=32_768,
        description="Of one model call; if left out, by the method: "
        f"{', '.join(f'{name} {config.max_tokens}' for name, config in METHODS.items())}.",
    )
    top_p: Number | None = Field(default=None, gt=0, le=1)
    stop: list[Annotated[Text, Field(min_length=1, max_length=200)]] = Field(
        default=[], max_length=_MOST_STOPS
    )
    unsupported: Literal["fail", "drop"] = Field(
        default="fail",
        description="Where the model refuses a parameter: end the experiment, or go on without it.",
    )


class Faithfulness(Strict):
    """Who judges if answers follow from the passages that were retrieved for them."""

    judge: Literal["nli", "llm"] = Field(
        default="nli",
        description="nli: a model of natural language inference, here; llm: a model that is asked.",
    )
    model: Text = Field(
        default=NLI_MODEL,
        min_length=1,
        max_length=500,
        description="nli: folder, or id on the hub; llm: provider/model of the catalog.",
    )

    @model_validator(mode="after")
    def _llm_is_named(self) -> Self:
        if self.judge == "llm" and "model" not in self.model_fields_set:
            problem = PydanticCustomError("missing", "name the model that judges, as provider/model")
            where = InitErrorDetails(type=problem, loc=("model",), input=None)
            raise ValidationError.from_exception_data("Faithfulness", [where])
        return self


class ScorerOptions(Strict):
    """How a scorer that the configuration chooses by name works."""

    model: Text | None = Field(
        default=None, min_length=3, max_length=500, description="provider/model, for one that asks a model."
    )


class Budget(Strict):
    """What calls may take, at most; the experiments that make them end before the next call."""

    usd: Number | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="US dollars, at the prices of the model catalog."
    )
    calls: Integer | None = Field(default=None, ge=1, description="Calls of models, failed ones included.")
    tokens: Integer | None = Field(default=None, ge=1, description="Of prompts and answers together.")

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.usd is None and self.calls is None and self.tokens is None:
            problem = PydanticCustomError("no_limit", "say how many usd, calls or tokens, at most")
            raise _at(("usd",), problem, None, "Budget")
        return self

    @property
    def limits(self) -> Limits:
        """What it limits, as the domain knows it."""
        return Limits(self.usd, self.calls, self.tokens)


class Execution(Strict):
    """How calls are sent: one by one, side by side, in groups, or as a job for the provider."""

    mode: Literal["concurrent", "sequential", "batched", "batch_job"] = Field(
        default="concurrent",
        description="concurrent: as many calls in flight as `concurrency` allows; sequential: one; "
        "batched: a group of `batch_size`, and the next one when all of it is answered; "
        "batch_job: through the provider's asynchronous batch API.",
    )
    batch_size: Integer = Field(
        default=8,
        ge=1,
        le=64,
        description="Calls of a group, with `batched`; at most `concurrency` are in flight at a time.",
    )
    schedule: Literal["as_sampled", "by_prefix"] = Field(
        default="as_sampled",
        description="Order of the questions; by_prefix: those whose prompts begin alike follow each other.",
    )
    prefix_cache: Flag = Field(
        default=False,
        description="Whether the local model server may reuse what it has computed for an equal beginning "
        "of an earlier prompt. Hosted providers decide for themselves.",
    )
    measure_first_token: Flag = Field(
        default=False, description="Whether answers are streamed, to measure the time to the first token."
    )
    cache_scope: Text | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Only answers that were stored under the same name are used again; all, if left out.",
    )

    @model_validator(mode="after")
    def _groups_are_sent(self) -> Self:
        if self.mode != "batched" and self.batch_size != type(self).model_fields["batch_size"].default:
            message = "is for mode batched alone: choose that mode, or leave batch_size out"
            problem = PydanticCustomError("no_groups", message)
            raise _at(("batch_size",), problem, self.batch_size, "Execution")
        return self


class ExperimentConfig(Strict):
    """A complete experiment: the same file gives the same questions, prompts and calls."""

    name: Text = Field(min_length=1, max_length=200)
    description: Text = Field(default="", max_length=5_000)
    model: Text = Field(
        min_length=3, max_length=500, description="provider/model", examples=["local/smollm2-135m-instruct"]
    )
    method: MethodConfig = NaiveMethodConfig()
    dataset: DatasetChoice
    params: Params = Params()
    seed: Integer = Field(default=0, ge=0, le=2**31 - 1)
    repeats: Integer = Field(
        default=1, ge=1, le=MAX_REPEATS, description="Independent answers to each question."
    )
    concurrency: Integer = Field(default=16, ge=1, le=1024, description="Calls in flight, at most.")
    timeout_s: Number = Field(default=120.0, gt=0, le=3600, description="Of one call, seconds.")
    max_failed_share: Number = Field(
        default=0.1, ge=0, le=1, description="The experiment stops when more of its runs than this failed."
    )
    cache: Flag = Field(default=True, description="Whether answers given before may be used again.")
    faithfulness: Faithfulness | None = Field(
        default=None,
        description="Who judges if answers follow from the retrieved passages; nobody if left out.",
    )
    scorers: dict[ScorerName, ScorerOptions] = Field(
        default={}, max_length=20, description="Further scorers by name, each with its options."
    )

    workers: Workers = Field(
        default="auto",
        description="Workers that work on it at the same time, at most. auto: those that have nothing else "
        "to do, as far as more are of use; one for a model or a retrieval on the worker's own machine.",
    )
    priority: Priority = Field(
        default="normal",
        description="Of the experiments that wait for a worker, those with a higher priority start first.",
    )

    execution: Execution = Execution()
    budget: Budget | None = Field(
        default=None,
        description="What its calls may take, at most; no limit if left out. Answers from a cache are free.",
    )

    @model_validator(mode="before")
    @classmethod
    def _max_tokens_by_method(cls, data: object) -> object:
        """Let the method decide how many tokens an answer may take, unless the parameters say it."""
        if not isinstance(data, dict):
            return data
        method, params = data.get("method"), data.get("params", {})
        name = method.get("name") if isinstance(method, dict) else getattr(method, "name", None)
        chosen = METHODS.get(name) if isinstance(name, str) else None
        if chosen is None or not isinstance(params, dict):
            return data
        return {**data, "params": {"max_tokens": chosen.max_tokens, **params}}

    @model_validator(mode="after")
    def _samples_differ(self) -> Self:
        votes = self.method.votes
        if votes > 1 and self.params.temperature == 0:
            message = "{samples} samples need a temperature above 0: at 0 they would all be the same"
            problem = PydanticCustomError("samples_alike", message, {"samples": votes})
            raise _at(("method", "samples"), problem, votes)
        return self

    @model_validator(mode="after")
    def _stops_are_left(self) -> Self:
        left = _MOST_STOPS - self.method.reserved_stops
        if len(self.params.stop) > left:
            message = "must be at most {left}: of the {most} that APIs take, the method needs the others"
            problem = PydanticCustomError("too_long", message, {"left": left, "most": _MOST_STOPS})
            raise _at(("params", "stop"), problem, self.params.stop)
        return self

    def generation_params(self) -> GenerationParams:
        """Return the sampling parameters as the domain knows them."""
        p = self.params
        return GenerationParams(
            p.temperature, p.max_tokens, p.top_p, tuple(p.stop), drop_unsupported=p.unsupported == "drop"
        )

    def as_json(self) -> JsonObject:
        """Return the complete configuration, defaults written out."""
        # Without further scorers it is the same JSON as before there were any to choose.
        return self._with_later_fields(
            self.model_dump(mode="json", exclude=None if self.scorers else {"scorers"})
        )

    def _with_later_fields(self, content: JsonObject) -> JsonObject:
        """Leave out what is as it was before it could be chosen, so that JSON and hash stay the same."""
        if self.params.unsupported == "fail":
            del content["params"]["unsupported"]
        for name, default in _LATER_DEFAULTS.items():
            if content.get(name, default) == default:
                content.pop(name, None)
        if self.execution == Execution():
            content.pop("execution", None)
        return content

    def hash(self) -> str:
        """Return the hash of what decides the answers: not name, speed, tolerance, or who judges them."""
        content = self._with_later_fields(self.model_dump(mode="json", exclude=_NOT_IN_HASH))
        if self.execution.prefix_cache:  # what was computed with another prompt may round otherwise
            content["prefix_cache"] = True
        return content_hash({**content, "method": self.method.identity()})


def _at(
    path: tuple[str, ...], problem: PydanticCustomError, value: object, title: str = "ExperimentConfig"
) -> ValidationError:
    """Return an error of one field of the whole configuration, or of a part of it."""
    details = InitErrorDetails(type=problem, loc=path, input=value)
    return ValidationError.from_exception_data(title, [details])

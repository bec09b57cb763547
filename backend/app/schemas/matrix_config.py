"""The configuration of an optimisation matrix: methods, ways to run them, and what is compared."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from app.domain.hashing import content_hash
from app.domain.json import JsonObject
from app.schemas.common import Integer, Number, Strict, Text
from app.schemas.experiment_config import Execution

Cache = Literal["none", "cold", "warm"]
MAX_ROUNDS = 20
_NAME = Field(min_length=1, max_length=40)


class MatrixMethod(BaseModel):
    """A row of the matrix: its name, and the fields of the experiments that it has otherwise than the base.

    Objects are merged field by field, except ``method``.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Annotated[Text, _NAME] = Field(examples=["RAG"])


class Optimisation(Strict):
    """A column of the matrix: how the calls are sent, and what the cache holds."""

    name: Annotated[Text, _NAME] = Field(examples=["batched 8"])
    execution: Execution = Execution()
    concurrency: Annotated[Integer, Field(ge=1, le=1024)] = Field(
        default=1, description="Calls in flight, at most; of batches no more than one is in flight."
    )
    cache: Cache = Field(
        default="none",
        description="Of answers. none: not read; cold: read, and empty at the start; warm: read, and filled "
        "by the cold trial of the same method and round.",
    )

    @model_validator(mode="after")
    def _no_scope(self) -> Self:
        if self.execution.cache_scope is not None:
            message = "is chosen by the matrix: each trial has its own"
            raise _at(("execution", "cache_scope"), message, self.execution.cache_scope)
        return self


class MatrixConfig(Strict):
    """Methods, each run in several ways on the same questions.

    Each cell (a method run in one way) is run once a round, one cell at a time; the speed of a cell is
    compared with that of the baseline of the same method and round.
    """

    name: Text = Field(min_length=1, max_length=60, examples=["Optimisation"])
    description: Text = Field(default="", max_length=5_000)
    base: JsonObject = Field(description="The fields that all experiments share, without a name.")
    methods: Annotated[list[MatrixMethod], Field(min_length=1, max_length=12)]
    optimisations: Annotated[list[Optimisation], Field(min_length=2, max_length=16)]
    baseline: Text = Field(description="The optimisation that the others are compared with.")
    rounds: Integer = Field(
        default=3, ge=1, le=MAX_ROUNDS, description="Of one, no interval of speed can be computed."
    )
    margin: Number = Field(
        default=0.02,
        gt=0,
        lt=1,
        description="The largest difference of the score that counts as none; 0.02 is 2 points.",
    )
    score: Text = Field(default="exact_match", min_length=1, max_length=100, description="That is compared.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for field, named in (("methods", self.methods), ("optimisations", self.optimisations)):
            names = [one.name for one in named]
            for index, name in enumerate(names):
                if name in names[:index]:
                    raise _at((field, index, "name"), "another one has this name, too", name)
        return self

    @model_validator(mode="after")
    def _baseline_is_there(self) -> Self:
        chosen = next((one for one in self.optimisations if one.name == self.baseline), None)
        if chosen is None:
            raise _at(("baseline",), "is not one of the optimisations", self.baseline)
        if chosen.cache == "warm":
            raise _at(("baseline",), "must call the model, which a warm cache does not", self.baseline)
        return self

    @model_validator(mode="after")
    def _warm_follows_cold(self) -> Self:
        kinds = [one.cache for one in self.optimisations]
        if max(kinds.count("cold"), kinds.count("warm")) > 1:
            raise _at(("optimisations",), "at most one has a cold cache, and one a warm one", kinds)
        if "warm" in kinds:
            if "cold" not in kinds:
                raise _at(("optimisations",), "a warm cache needs an optimisation with a cold one", kinds)
            cold, warm = (self.optimisations[kinds.index(kind)] for kind in ("cold", "warm"))
            if (cold.execution, cold.concurrency) != (warm.execution, warm.concurrency):
                raise _at(("optimisations",), "cold and warm cache must differ in nothing else", kinds)
        return self

    @property
    def warm(self) -> Optimisation | None:
        """The optimisation with a warm cache."""
        return next((one for one in self.optimisations if one.cache == "warm"), None)

    @property
    def cold(self) -> Optimisation | None:
        """The optimisation with a cold cache."""
        return next((one for one in self.optimisations if one.cache == "cold"), None)

    def as_json(self) -> JsonObject:
        """Return the complete configuration, defaults written out."""
        return self.model_dump(mode="json")

    def hash(self) -> str:
        """Return the hash of all but name and description: the same file finds its matrix again."""
        return content_hash(self.model_dump(mode="json", exclude={"name", "description"}))


def _at(path: tuple[str | int, ...], message: str, value: object) -> ValidationError:
    details = InitErrorDetails(type=PydanticCustomError("matrix", message), loc=path, input=value)
    return ValidationError.from_exception_data("MatrixConfig", [details])

"""How a question is answered: one class a method, each with all that decides its prompts."""

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.schemas.common import Strict, Text

EMBEDDING_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
RERANKER = "cross-encoder/ms-marco-MiniLM-L-6-v2"


def _has_places(*wanted: str) -> Callable[[str], str]:
    """Return a validator of templates that hold these places, and no others."""

    def check(value: str) -> str:
        places = set(re.findall(r"\{(\w+)\}", value))
        for place in wanted:
            if place not in places:
                raise ValueError(f"must hold the place {{{place}}}")
        if unknown := places - set(wanted):
            known = " and ".join(f"{{{place}}}" for place in wanted)
            raise ValueError(f"unknown place {{{min(unknown)}}}; there is {known}")
        return value

    return check


_TEMPLATE_CHARS = 20_000
Template = Annotated[
    Text,
    Field(max_length=_TEMPLATE_CHARS, description="Must hold {question}."),
    AfterValidator(_has_places("question")),
]
"""A prompt's text with the place for the question."""
ReadingTemplate = Annotated[
    Text,
    Field(max_length=_TEMPLATE_CHARS, description="Must hold {passages} and {question}."),
    AfterValidator(_has_places("passages", "question")),
]
"""A prompt's text with the places for the passages and the question."""
ExemplarChoice = Literal["auto", "facts", "multi_hop", "arithmetic"]


class NaiveMethodConfig(Strict):
    """The question as it is."""

    max_tokens: ClassVar[int] = 64
    samples: ClassVar[int] = 1
    most_calls: ClassVar[int] = 1

    name: Literal["naive"] = "naive"
    template: Template = "Question: {question}\nAnswer:"
    system: Text | None = Field(default=None, max_length=_TEMPLATE_CHARS)


class CoTMethodConfig(Strict):
    """Chain of thought: the model reasons before it answers, as worked examples show it, if any."""

    max_tokens: ClassVar[int] = 512

    name: Literal["cot"]
    shots: int = Field(
        default=3, ge=0, le=5, description="Worked examples before the question; 0: only told to reason."
    )
    exemplars: ExemplarChoice = Field(
        default="auto", description="Kind of the worked examples; auto: by the dataset's scoring."
    )
    template: Template = (
        # Told only to end with the answer, small models give it at once and skip the steps.
        "Question: {question}\nLet's think step by step. Write down each step first; "
        'then, on the last line, write "Answer:" and the answer.'
    )
    system: Text | None = Field(default=None, max_length=_TEMPLATE_CHARS)
    samples: int = Field(
        default=1,
        ge=1,
        le=20,
        description="Calls a run, whose answers vote; 2 or more need a temperature above 0.",
    )

    @property
    def most_calls(self) -> int:
        """Model calls of one run."""
        return self.samples


class RetrievalConfig(Strict):
    """How passages of a knowledge base are found."""

    variant: Literal["naive", "hybrid", "reranked"] = Field(
        default="hybrid",
        description="naive: by meaning; hybrid: by meaning and words; reranked: those read again.",
    )
    knowledge_base: Text = Field(default="encyclopedia", min_length=1, max_length=100)
    version: Text | None = Field(
        default=None, description="Of the knowledge base, hex digits; the newest if left out."
    )
    top_k: int = Field(default=5, ge=1, le=50, description="Passages in the prompt.")
    dense_candidates: int = Field(default=10, ge=1, le=200, description="Found by meaning, to be fused.")
    word_candidates: int = Field(default=10, ge=1, le=200, description="Found by BM25, to be fused.")
    similarity_floor: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="Cosine that a passage found by meaning needs; none if left out.",
    )
    fusion: Literal["scores", "ranks"] = Field(
        default="scores", description="scores: their weighted sum; ranks: reciprocal rank fusion."
    )
    dense_weight: float = Field(
        default=0.4, ge=0, le=1, description="Of the meaning, in a fusion by scores; words have the rest."
    )
    chunk_tokens: int = Field(
        default=256, ge=32, le=8192, description="Of a chunk with its title, as the embedding model counts."
    )
    chunk_overlap: int = Field(
        default=50, ge=0, le=4096, description="Tokens that neighbours share, at most."
    )
    embedding_model: Text = Field(
        default=EMBEDDING_MODEL, min_length=1, max_length=500, description="Folder, or id on the hub."
    )
    reranker: Text = Field(
        default=RERANKER, min_length=1, max_length=500, description="Folder, or id on the hub."
    )

    @model_validator(mode="after")
    def _chunks_move_on(self) -> Self:
        if self.chunk_overlap > self.chunk_tokens // 2:
            problem = PydanticCustomError(
                "overlap_too_large",
                "must be at most half of chunk_tokens ({size})",
                {"size": self.chunk_tokens},
            )
            where = InitErrorDetails(type=problem, loc=("chunk_overlap",), input=self.chunk_overlap)
            raise ValidationError.from_exception_data(type(self).__name__, [where])
        return self


class RagMethodConfig(RetrievalConfig):
    """Retrieval-augmented generation: passages of a knowledge base stand before the question."""

    max_tokens: ClassVar[int] = 64
    samples: ClassVar[int] = 1
    most_calls: ClassVar[int] = 1

    name: Literal["rag"]
    template: ReadingTemplate = (
        # Told only to be brief, small models answer in sentences.
        "{passages}\n\nAnswer the question from the passages. Write only the name, number or short phrase "
        "that is asked for, nothing else.\n\nQuestion: {question}\nShort answer:"
    )
    system: Text | None = Field(default=None, max_length=_TEMPLATE_CHARS)


def _each_once(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("each tool once")
    return values


ToolName = Literal["retrieval", "wikipedia_search", "calculator"]
AgentFormat = Literal["text", "grammar", "json", "native"]
NEEDED_FEATURES: dict[AgentFormat, str] = {"grammar": "grammar", "json": "json_schema", "native": "tools"}
"""The feature of a provider that each format of an agent's steps needs."""


class ReactMethodConfig(RetrievalConfig):
    """A ReAct agent: the model thinks, uses a tool, reads its result, and so on until it answers."""

    max_tokens: ClassVar[int] = 160
    samples: ClassVar[int] = 1

    name: Literal["react"]
    tools: Annotated[list[ToolName], AfterValidator(_each_once)] = Field(
        default=["retrieval", "calculator"],
        min_length=1,
        max_length=3,
        description="retrieval: the knowledge base; wikipedia_search: Wikipedia, by the network.",
    )
    form: AgentFormat = Field(
        default="text",
        description="Of a step. text: Thought and Action lines; grammar: those, enforced while decoding; "
        "json: an object, enforced by its schema; native: the endpoint's tool calls.",
    )
    max_iterations: int = Field(
        default=5, ge=1, le=20, description="Steps before the model is asked for its answer."
    )
    shots: int = Field(default=2, ge=0, le=3, description="Worked examples before the question.")
    exemplars: ExemplarChoice = Field(
        default="auto", description="Kind of the worked examples; auto: by the dataset's scoring."
    )
    observation_tokens: int = Field(
        default=400, ge=32, le=4096, description="Of what the model is shown of a tool's result, about."
    )
    final_answer_prompt: Literal["never", "needed", "always"] = Field(
        default="needed",
        description="When the model is asked for its answer in plain words, from what was found. "
        "needed: where the agent ended without one.",
    )
    top_k: int = Field(default=2, ge=1, le=10, description="Passages that a retrieval gives.")
    template: Template = "Question: {question}"
    system: Text | None = Field(
        default=None,
        max_length=_TEMPLATE_CHARS,
        description="Instructions, with the place {tools}; those of the form if left out.",
    )

    @property
    def needed_feature(self) -> str | None:
        """What the model's provider must be able to do."""
        return NEEDED_FEATURES.get(self.form)

    @model_validator(mode="before")
    @classmethod
    def _earlier_name(cls, data: Any) -> Any:
        """Read ``last_question``, as ``final_answer_prompt`` was called in files and stored experiments."""
        if not isinstance(data, dict) or "last_question" not in data or "final_answer_prompt" in data:
            return data
        renamed = {**data, "final_answer_prompt": data["last_question"]}
        del renamed["last_question"]
        return renamed

    @property
    def most_calls(self) -> int:
        """Model calls of one run, repairs not counted."""
        return self.max_iterations + int(self.final_answer_prompt != "never")


def knowledge_of(method: "MethodConfig") -> RetrievalConfig | None:
    """Return how a method finds passages; ``None`` if it reads no knowledge base."""
    if isinstance(method, ReactMethodConfig) and "retrieval" not in method.tools:
        return None
    return method if isinstance(method, RetrievalConfig) else None


METHODS: dict[str, type[NaiveMethodConfig | CoTMethodConfig | RagMethodConfig | ReactMethodConfig]] = {
    "naive": NaiveMethodConfig,
    "cot": CoTMethodConfig,
    "rag": RagMethodConfig,
    "react": ReactMethodConfig,
}
_MethodName = TypeAdapter(dict[Literal["name"], Literal["naive", "cot", "rag", "react"]])
_DEFAULT_METHOD = "naive"


def _by_name(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Validate as the method that ``value`` names: errors then have the field's path, without the name.

    Experiments may leave the name out: those of before there was a second method do.
    """
    if not isinstance(value, dict):
        return handler(value)
    name = value.get("name", _DEFAULT_METHOD)
    _MethodName.validate_python({"name": name})
    return METHODS[name].model_validate({**value, "name": name})


MethodConfig = Annotated[
    NaiveMethodConfig | CoTMethodConfig | RagMethodConfig | ReactMethodConfig,
    Field(discriminator="name"),
    WrapValidator(_by_name),
]

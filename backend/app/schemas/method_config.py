"""How a question is answered: one class for each method, with everything that decides its prompts.

To add a method, write its class here and add it to ``AnyMethodConfig``: see ``docs/extending.md``.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import InitErrorDetails

from app.domain.json import JsonObject
from app.schemas.common import Integer, Text
from app.schemas.method_base import MAX_TEMPLATE_CHARS, MethodConfigBase, PassagesTemplate, Template
from app.schemas.retrieval_config import RetrievalConfig

ExemplarChoice = Literal["auto", "facts", "multi_hop", "arithmetic"]


class NaiveMethodConfig(MethodConfigBase):
    """The question as it is."""

    label: ClassVar[str] = "Naive"
    max_tokens: ClassVar[int] = 64

    name: Literal["naive"] = "naive"
    template: Template = "Question: {question}\nAnswer:"
    system: Text | None = Field(default=None, max_length=MAX_TEMPLATE_CHARS)


class CoTMethodConfig(MethodConfigBase):
    """Chain of thought: the model reasons before it answers, as worked examples show it, if any."""

    label: ClassVar[str] = "Chain of thought"
    max_tokens: ClassVar[int] = 512
    cost_fields: ClassVar[frozenset[str]] = frozenset({"shots"})

    name: Literal["cot"]
    shots: Integer = Field(
        default=3,
        ge=0,
        le=5,
        description="Worked examples before the question; 0: only the instruction to reason.",
    )
    exemplars: ExemplarChoice = Field(
        default="auto", description="Kind of the worked examples; auto: by the dataset's scoring."
    )
    template: Template = (
        # Told only to end with the answer, small models give it at once and skip the steps.
        "Question: {question}\nLet's think step by step. Write down each step first; "
        'then, on the last line, write "Answer:" and the answer.'
    )
    system: Text | None = Field(default=None, max_length=MAX_TEMPLATE_CHARS)
    samples: Integer = Field(
        default=1,
        ge=1,
        le=20,
        description="Model calls for each answer, which vote; 2 or more need a temperature above 0.",
    )

    @property
    def variant_label(self) -> str:
        """Worked examples and samples."""
        shots = f"{self.shots}-shot" if self.shots else "zero-shot"
        return shots if self.samples == 1 else f"{shots}, {self.samples} samples"

    @property
    def most_calls(self) -> int:
        """One for each sample."""
        return self.samples

    @property
    def votes(self) -> int:
        """See ``MethodConfigBase``."""
        return self.samples


class RagMethodConfig(MethodConfigBase, RetrievalConfig):
    """Retrieval-augmented generation: passages of a knowledge base stand before the question."""

    label: ClassVar[str] = "RAG"
    max_tokens: ClassVar[int] = 64
    passages_in_prompt: ClassVar[bool] = True
    cost_fields: ClassVar[frozenset[str]] = frozenset({"top_k", "chunk_tokens"})

    name: Literal["rag"]
    template: PassagesTemplate = (
        # Told only to be brief, small models answer in sentences.
        "{passages}\n\nAnswer the question from the passages. Write only the name, number or short phrase "
        "that is asked for, nothing else.\n\nQuestion: {question}\nShort answer:"
    )
    system: Text | None = Field(default=None, max_length=MAX_TEMPLATE_CHARS)

    @property
    def knowledge(self) -> RetrievalConfig:
        """The passages of every prompt."""
        return self

    @property
    def variant_label(self) -> str:
        """That of the retrieval."""
        return self.variant

    @property
    def retrieved_tokens(self) -> int:
        """Of all passages."""
        return self.top_k * self.chunk_tokens


def _each_once(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("each tool once")
    return values


ToolName = Literal["retrieval", "wikipedia_search", "calculator"]
AgentFormat = Literal["text", "grammar", "json", "native"]


class ReactMethodConfig(MethodConfigBase, RetrievalConfig):
    """A ReAct agent: the model thinks, uses a tool, reads its result, and so on until it answers."""

    label: ClassVar[str] = "ReAct agent"
    max_tokens: ClassVar[int] = 160
    calls_vary: ClassVar[bool] = True
    reserved_stops: ClassVar[int] = 1
    cost_fields: ClassVar[frozenset[str]] = frozenset({"shots", "top_k", "chunk_tokens", "form", "tools"})
    feature_field: ClassVar[str] = "form"
    feature_choices: ClassVar[Mapping[str, str | None]] = {
        "text": None,
        "grammar": "grammar",
        "json": "json_schema",
        "native": "tools",
    }

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
    max_iterations: Integer = Field(
        default=5, ge=1, le=20, description="Steps before the model is asked for its answer."
    )
    shots: Integer = Field(default=2, ge=0, le=3, description="Worked examples before the question.")
    exemplars: ExemplarChoice = Field(
        default="auto", description="Kind of the worked examples; auto: by the dataset's scoring."
    )
    observation_tokens: Integer = Field(
        default=400, ge=32, le=4096, description="Of what the model is shown of a tool's result, about."
    )
    final_answer_prompt: Literal["never", "needed", "always"] = Field(
        default="needed",
        description="When the model is asked for its answer in plain words, from what was found. "
        "needed: where the agent ended without one.",
    )
    top_k: Integer = Field(default=2, ge=1, le=10, description="Passages that a retrieval gives.")
    template: Template = "Question: {question}"
    system: Text | None = Field(
        default=None,
        max_length=MAX_TEMPLATE_CHARS,
        description="Instructions, with the place {tools}; those of the form if left out.",
    )

    @model_validator(mode="before")
    @classmethod
    def _earlier_name(cls, data: object) -> object:
        """Read ``last_question``, as ``final_answer_prompt`` was called in files and stored experiments."""
        if not isinstance(data, dict) or "last_question" not in data or "final_answer_prompt" in data:
            return data
        renamed = {**data, "final_answer_prompt": data["last_question"]}
        del renamed["last_question"]
        return renamed

    @property
    def variant_label(self) -> str:
        """Tools, and the form of a step."""
        return f"{', '.join(self.tools)}; {self.form}"

    @property
    def most_calls(self) -> int:
        """One for each step, and one for the final answer; repairs are not counted."""
        return self.max_iterations + int(self.final_answer_prompt != "never")

    @property
    def knowledge(self) -> RetrievalConfig | None:
        """That of the retrieval tool."""
        return self if "retrieval" in self.tools else None

    @property
    def uses_wikipedia(self) -> bool:
        """Whether the agent has the tool."""
        return "wikipedia_search" in self.tools

    @property
    def retrieved_tokens(self) -> int:
        """One observation for each step: the last prompt has them all, the average one half of them."""
        return self.max_iterations * self.observation_tokens // 2

    def identity(self) -> JsonObject:
        """Return the configuration with ``final_answer_prompt`` under its first name: stored hashes hold."""
        content = super().identity()
        content["last_question"] = content.pop("final_answer_prompt")
        return content


class ImportedMethodConfig(MethodConfigBase):
    """How another harness has asked: of experiments that were imported, which are never run.

    ``settings``: what the harness's log says of the evaluation.
    """

    label: ClassVar[str] = "Imported"
    max_tokens: ClassVar[int] = 1

    name: Literal["imported"] = "imported"
    harness: Literal["inspect", "lm-eval", "promptfoo", "file"]
    settings: JsonObject = Field(default={})


AnyMethodConfig = NaiveMethodConfig | CoTMethodConfig | RagMethodConfig | ReactMethodConfig
"""All methods, in the order in which people are shown them."""


def method_name(config: type[MethodConfigBase]) -> str:
    """Return the method's name in configuration files."""
    name: str = get_args(config.model_fields["name"].annotation)[0]
    return name


METHODS: dict[str, type[AnyMethodConfig]] = {
    method_name(config): config for config in get_args(AnyMethodConfig)
}
"""The configuration of each method, by the method's name."""
_DEFAULT_METHOD = method_name(NaiveMethodConfig)


def _by_name(value: object, handler: ValidatorFunctionWrapHandler) -> AnyMethodConfig | ImportedMethodConfig:
    """Validate ``value`` as the method that it names; errors have the field's path without that name.

    The name may be left out: experiments from the time of a single method have none.
    """
    if not isinstance(value, dict):
        validated: AnyMethodConfig = handler(value)
        return validated
    name = value.get("name", _DEFAULT_METHOD)
    if name == "imported":
        return ImportedMethodConfig.model_validate(value)
    config = METHODS.get(name) if isinstance(name, str) else None
    if config is None:
        *others, last = map(repr, METHODS)
        expected = f"{', '.join(others)} or {last}"
        problem = InitErrorDetails(
            type="literal_error", loc=("name",), input=name, ctx={"expected": expected}
        )
        raise ValidationError.from_exception_data("MethodConfig", [problem])
    return config.model_validate({**value, "name": name})


MethodConfig = Annotated[
    AnyMethodConfig | SkipJsonSchema[ImportedMethodConfig],  # nobody writes one by hand
    Field(discriminator="name"),
    WrapValidator(_by_name),
]

"""What a method's configuration tells the rest of the platform about the method."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from app.domain.json import JsonObject
from app.domain.templates import check_places
from app.schemas.common import Strict, Text

if TYPE_CHECKING:
    from app.schemas.retrieval_config import RetrievalConfig

MAX_TEMPLATE_CHARS = 20_000


def _has_places(*places: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        check_places(value, places)
        return value

    return check


Template = Annotated[
    Text,
    Field(max_length=MAX_TEMPLATE_CHARS, description="Must contain {question}."),
    AfterValidator(_has_places("question")),
]
"""Text of a prompt with a place for the question."""
PassagesTemplate = Annotated[
    Text,
    Field(max_length=MAX_TEMPLATE_CHARS, description="Must contain {passages} and {question}."),
    AfterValidator(_has_places("passages", "question")),
]
"""Text of a prompt with places for the retrieved passages and the question."""


def _titled(schema: dict[str, JsonValue], config: type["MethodConfigBase"]) -> None:
    schema["title"] = config.label


class MethodConfigBase(Strict):
    """Base of the configurations of methods.

    A subclass has a field ``name``, a ``Literal`` with the method's name in files, and overrides the
    facts below that differ for its method. No other code asks which method it has before it.

    Attributes:
        label: the method's name for people.
        max_tokens: of one model call, where the experiment does not say it.
        calls_vary: whether a run may end before it has made ``most_calls`` calls.
        reserved_stops: stop strings that the method adds to those of the experiment.
        passages_in_prompt: whether the first prompt holds the passages retrieved for the question.
        cost_fields: fields that, with the name, decide how many tokens a call takes.
        feature_field: the field that decides which feature the model's provider needs.
        feature_choices: for each value of that field the feature; ``None`` where it needs none.
    """

    label: ClassVar[str]
    max_tokens: ClassVar[int]
    calls_vary: ClassVar[bool] = False
    reserved_stops: ClassVar[int] = 0
    passages_in_prompt: ClassVar[bool] = False
    cost_fields: ClassVar[frozenset[str]] = frozenset()
    feature_field: ClassVar[str] = "name"
    feature_choices: ClassVar[Mapping[str, str | None]] = {}

    model_config = ConfigDict(json_schema_extra=_titled)

    @property
    def variant_label(self) -> str:
        """What tells experiments with this method apart in a list, in a few words; may be empty."""
        return ""

    @property
    def most_calls(self) -> int:
        """Model calls of one run, at most; repeated calls after an error are not counted."""
        return 1

    @property
    def votes(self) -> int:
        """Answers to the same prompt that vote; more than 1 need a field ``samples``."""
        return 1

    @property
    def knowledge(self) -> "RetrievalConfig | None":
        """How passages are found; ``None`` if the method reads no knowledge base."""
        return None

    @property
    def uses_wikipedia(self) -> bool:
        """Whether the method reads Wikipedia over the network."""
        return False

    @property
    def retrieved_tokens(self) -> int:
        """Tokens of retrieved text in an average prompt, at most."""
        return 0

    @property
    def needed_feature(self) -> str | None:
        """Feature that the model's provider must have; ``None`` if any model will do."""
        return self.feature_choices.get(getattr(self, self.feature_field))

    def cost_key(self) -> JsonObject:
        """Return the fields by which two experiments are alike in tokens and calls, as JSON."""
        return self.model_dump(mode="json", include={"name", *self.cost_fields})

    def identity(self) -> JsonObject:
        """Return the complete configuration as the hash of an experiment covers it, as JSON."""
        return self.model_dump(mode="json")

"""Wire types of previews: one prompt of an experiment, and estimates of its size."""

from typing import Literal

from pydantic import BaseModel, Field

from app.domain.json import JsonObject


class PreviewExample(BaseModel):
    """One question of the sample."""

    position: int = Field(description="In the sample, not in the dataset.")
    key: str
    question: str
    answers: list[str]


class MessageOut(BaseModel):
    """One message of a prompt."""

    role: str
    content: str
    tool_calls: list[JsonObject] = Field(description="Tool calls of the model, as sent.")
    tool_call_id: str | None = Field(description="The tool call that it answers; null for other messages.")


class PowerOut(BaseModel):
    """The power of a comparison on this number of questions (McNemar's test, p < .05, power .8)."""

    discordant: float = Field(
        description="Assumed share of questions that only one of two experiments gets right."
    )
    detectable: float | None = Field(
        description="The smallest difference that is detected with this power; null if none is."
    )
    wanted: float = Field(description="A difference of interest, as a fraction.")
    needed: int = Field(description="Questions needed to detect it with this power.")


class EstimateOut(BaseModel):
    """Estimated calls, tokens, cost and time of an experiment, without the cache."""

    questions: int
    calls: int = Field(description="Of the model, and of a model that judges the answers.")
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None = Field(description="At the catalog's prices; null if a model has none.")
    cost_low_usd: float | None = Field(
        description="Lower bound of the 95 % prediction interval; null if too few questions are measured."
    )
    cost_high_usd: float | None = Field(description="Upper bound of it.")
    tokens_low: int | None = Field(
        description="Lower bound of the 95 % prediction interval of all tokens; null likewise."
    )
    tokens_high: int | None = Field(description="Upper bound of it.")
    measured_questions: int = Field(
        description="Questions, answered before with this model, method and dataset, that tell what one "
        "takes; of 0 a pilot of a few questions would tell."
    )
    seconds: float | None = Field(
        description="Null if no completed experiment has measured the model's speed."
    )
    power: PowerOut
    basis: str = Field(description="What the estimates of tokens and time are based on, as a sentence.")


class PreviewOut(BaseModel):
    """A preview of an experiment that is not stored."""

    example: PreviewExample
    examples: int = Field(description="Size of the sample.")
    messages: list[MessageOut]
    model_state: Literal["ready", "not_checked", "key_missing", "address_missing", "file_missing"]
    model_message: str = Field(description="What to do if the model is not ready; else empty.")
    config_hash: str
    estimate: EstimateOut

"""Wire types of previews: what an experiment would ask, and what it would take."""

from typing import Any, Literal

from pydantic import BaseModel, Field


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
    tool_calls: list[dict[str, Any]] = Field(
        description="Uses of tools that it asks for, as sent; often none."
    )
    tool_call_id: str | None = Field(description="The use that it answers; null for other messages.")


class PowerOut(BaseModel):
    """What a comparison on so many questions could show (McNemar's test, p < .05, power .8)."""

    discordant: float = Field(description="Assumed: the share of questions that one side alone gets right.")
    detectable: float | None = Field(description="The smallest difference that would probably show.")
    wanted: float = Field(description="A difference that one might care about.")
    needed: int = Field(description="The questions that it takes to show that one.")


class EstimateOut(BaseModel):
    """What an experiment would take; nothing is taken from the cache in this."""

    questions: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None = Field(description="At the catalog's prices; null when the model has none.")
    seconds: float | None = Field(description="Null when nothing tells the model's speed.")
    power: PowerOut
    basis: str = Field(description="Where tokens and time come from, as a sentence.")


class PreviewOut(BaseModel):
    """An experiment that is not stored: one of its questions as it would be sent, and an estimate."""

    example: PreviewExample
    examples: int = Field(description="Size of the sample.")
    messages: list[MessageOut]
    model_state: Literal["ready", "key_missing", "file_missing"]
    model_message: str = Field(description="What to do if the model is not ready.")
    config_hash: str
    estimate: EstimateOut

"""Wire types of retries."""

from datetime import datetime

from pydantic import AliasPath, Field

from app.schemas.common import FromAttributes


class RetriedRunOut(FromAttributes):
    """A run as it failed before a retry."""

    example_key: str
    repeat: int
    failure_kind: str
    failure_message: str
    run_id: int | None = Field(description="The run of this question and repeat now.")
    status: str | None = Field(description="Of that run: ok or failed; null while there is none.")


class RetryOut(FromAttributes):
    """A retry of the failed runs of an experiment, in place."""

    created_at: datetime = Field(validation_alias=AliasPath("retry", "created_at"))
    created_by: str | None = Field(
        validation_alias=AliasPath("retry", "created_by"),
        description="Name of the API key with which it was asked for; null without named keys.",
    )
    runs: int = Field(
        validation_alias=AliasPath("retry", "runs"), description="Failed runs that were asked again."
    )
    answered: int | None = Field(
        validation_alias=AliasPath("retry", "answered"), description="Of these, answered; null until it ends."
    )
    failed_again: int | None = Field(validation_alias=AliasPath("retry", "failed_again"))
    put_back: int | None = Field(
        validation_alias=AliasPath("retry", "put_back"),
        description="Not asked again, since the retry ended before; they are failed as before.",
    )
    reason: str | None = Field(
        validation_alias=AliasPath("retry", "reason"),
        description="Why the retry ended before all were asked again; null if it did not.",
    )
    ended_at: datetime | None = Field(validation_alias=AliasPath("retry", "ended_at"))
    failures: list[RetriedRunOut] = Field(description="The first 1,000 of all retries together.")

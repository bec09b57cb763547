"""Tests of errors as sentences: short, on one line, and without what the library was given."""

from typing import Any

import httpx
import orjson
import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InvalidRequestError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core.errors import AppError
from app.domain.readable_errors import sentence_of
from app.services.runtime import Runtime

SECRET = "What is the capital of France? " * 400


class Wanted(BaseModel):
    prompt: int
    other: int


def validation_error() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Wanted.model_validate({"prompt": SECRET})
    return caught.value


def json_error() -> ValueError:
    with pytest.raises(ValueError, match="unexpected") as caught:
        orjson.loads("[" + SECRET)
    return caught.value


class TestSentenceOf:
    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (AppError("No model.", hint="Choose one."), "No model. Choose one."),
            (KeyError("name"), "KeyError: 'name'"),
            (ZeroDivisionError(), "ZeroDivisionError"),
            (ValueError("two\n  lines"), "ValueError: two lines"),
            (OSError(28, "No space left on device", "/data/x"), "No space left on device: /data/x"),
            (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
            (TimeoutError(), "TimeoutError"),
            (
                httpx.HTTPError("500 for url 'https://me:pw@host/v1?key=abc' (see https://x.y/z)"),
                "HTTPError: 500 for url 'https://host/v1' (see https://x.y/z)",
            ),
            (
                DBAPIError("insert", {"p": SECRET}, ConnectionRefusedError(111, "Connection refused")),
                "The database cannot be reached: Connection refused.",
            ),
            (PoolTimeoutError("limit"), "The database could not be asked (TimeoutError)."),
            (
                PendingRollbackError(f"rolled back [SQL: insert {SECRET}]"),
                "The database could not be asked (PendingRollbackError).",
            ),
            (InvalidRequestError(SECRET), "The database could not be asked (InvalidRequestError)."),
        ],
    )
    def test_reads(self, error: Exception, expected: str) -> None:
        assert sentence_of(error) == expected

    def test_fields_without_their_values(self) -> None:
        said = sentence_of(validation_error())
        assert said.startswith("prompt: Input should be a valid integer")
        assert "other: Field required" in said
        assert "capital" not in said

    @pytest.mark.parametrize(
        "error", [ValueError(SECRET), RuntimeError(SECRET), json_error(), AppError(SECRET)]
    )
    def test_is_short(self, error: Exception) -> None:
        assert len(sentence_of(error)) < 320

    @pytest.mark.parametrize(
        ("sql", "value", "expected"),
        [
            ("select trace from experiments", "", 'column "trace" does not exist (UndefinedColumnError)'),
            ("select * from nowhere where x = :v", SECRET, 'relation "nowhere" does not exist'),
            ("select cast(:v as text)", SECRET + "\0", "refused a value (CharacterNotInRepertoireError)"),
            ("select cast(cast(:v as text) as json)", SECRET, "refused a value (InvalidTextRepresentation"),
            ("select cast(:v as integer)", SECRET, "refused a value (DataError)"),
            ("insert into results (metrics, provenance) values ('{}', '{}')", "", "(NotNullViolationError"),
        ],
    )
    async def test_no_parameters_of_a_statement(
        self, runtime: Runtime, sql: str, value: str, expected: str
    ) -> None:
        values: dict[str, Any] = {"v": value} if ":v" in sql else {}
        async with runtime.engine.connect() as connection:
            with pytest.raises(DBAPIError) as caught:
                await connection.execute(text(sql), values)
        for error in (caught.value, caught.value.orig):
            assert error is not None
            said = sentence_of(error)
            assert expected in said
            assert "capital" not in said
            assert "select" not in said.lower()
            assert len(said) < 320
        assert "capital" not in str(caught.value).partition("[SQL")[2]

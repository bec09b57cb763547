"""What many tests of the engines build and do."""

from collections.abc import Sequence
from typing import Any

import pytest

from app.core.redaction import redact, register_secret
from app.domain.generation import GenerationParams, GenerationRequest, GenerationResult, Message
from app.services.inference.base import Engine, EngineError
from app.services.inference.failures import redact_with


def request(prompt: str = "Question: What is it?\nAnswer:", **fields: Any) -> GenerationRequest:
    """Return a request of one message; ``params`` and the like by name."""
    values: dict[str, Any] = {"model": "openai/some-model", "params": GenerationParams(), **fields}
    messages = values.pop("messages", (Message("user", prompt),))
    return GenerationRequest(messages, **values)


def requests(count: int, **fields: Any) -> list[GenerationRequest]:
    """Return requests with distinct prompts."""
    return [request(f"Question: What is item {i}?\nAnswer:", **fields) for i in range(count)]


def prompt_of(call: GenerationRequest) -> str:
    """Return the text that the fake server tells calls apart by."""
    return call.messages[-1].content


def mask(secret: str) -> None:
    """Have a secret masked in what servers say, as a process that has it does; for this test alone."""
    redact_with(redact)
    register_secret(secret)


async def failure_of(engine: Engine, call: GenerationRequest | None = None) -> EngineError:
    """Return the error that a call must end with."""
    with pytest.raises(EngineError) as caught:
        await engine.generate(call or request())
    return caught.value


def parted(
    outcomes: Sequence[GenerationResult | EngineError],
) -> tuple[list[GenerationResult], list[EngineError]]:
    """Return answers and failures apart."""
    results = [each for each in outcomes if isinstance(each, GenerationResult)]
    return results, [each for each in outcomes if isinstance(each, EngineError)]

"""Tests of what the response cache may replay."""

import pytest

from app.domain.generation import GenerationResult, ToolCall
from app.services.inference.cache import CachingEngine, may_be_replayed
from tests.engines import ScriptedEngine, answered
from tests.services.inference.steps import request


class Store(dict[str, GenerationResult]):
    """A store in memory."""

    async def get(self, key: str) -> GenerationResult | None:  # type: ignore[override]
        return super().get(key)

    def put(self, key: str, model: str, result: GenerationResult) -> None:
        del model
        self.setdefault(key, result)


@pytest.mark.parametrize(
    ("result", "may"),
    [
        (answered("Paris"), True),
        (answered("Par", finish_reason="length"), True),
        (answered("", finish_reason="stop"), True),
        (answered(" \n", finish_reason="length"), False),
        (answered("", finish_reason="MAX_TOKENS"), False),
        (answered("Par", finish_reason="content_filter"), False),
        (answered("Par", finish_reason="error"), False),
        (GenerationResult("", finish_reason="length", tool_calls=(ToolCall("1", "a", "{}"),)), True),
    ],
)
def test_only_answers(result: GenerationResult, may: bool) -> None:
    assert may_be_replayed(result) == may


async def test_a_cut_before_the_answer_is_asked_for_again() -> None:
    inner = ScriptedEngine([answered("", finish_reason="length"), "Paris"])
    engine = CachingEngine(inner, Store(), "f")
    assert (await engine.generate(request())).text == ""
    assert [(await engine.generate(request())).text for _ in range(2)] == ["Paris", "Paris"]
    assert len(inner.calls) == 2


async def test_one_that_was_stored_earlier_is_not_replayed() -> None:
    store = Store()
    inner = ScriptedEngine("Paris")
    await CachingEngine(inner, store, "f").generate(request())
    (key,) = store
    store[key] = answered("", finish_reason="length")
    assert (await CachingEngine(inner, store, "f").generate(request())).text == "Paris"

"""How every tool is run: checks of arguments, the time limit, and errors as results."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from app.services.agent.tools.base import ModelRetry, Parameter, Tool, ToolFailed, ToolOutput


class Echo(Tool):
    """Says what it was given, or does what a test has it do."""

    name = "echo"
    description = "Says it again."
    parameters = (
        Parameter("words", "what to say"),
        Parameter("times", "how often", "integer", required=False),
    )
    example = "echo[hello]"

    def __init__(self, does: Exception | float | None = None) -> None:
        self._does = does
        self.got: list[Mapping[str, Any]] = []

    async def run(self, arguments: Mapping[str, Any]) -> ToolOutput:
        self.got.append(arguments)
        if isinstance(self._does, Exception):
            raise self._does
        await asyncio.sleep(self._does or 0)
        return ToolOutput(arguments["words"] * arguments.get("times", 1))


async def test_a_result() -> None:
    result = await Echo().execute({"words": " ha ", "times": "2"})
    assert (result.text, result.success, result.error, result.passages) == ("haha", True, None, ())
    assert 0 <= result.duration_s < 5


@pytest.mark.parametrize(
    ("arguments", "got"),
    [
        ({"words": "a"}, {"words": "a"}),
        ({"words": "a", "times": None}, {"words": "a"}),
        ({"words": "a", "times": " "}, {"words": "a"}),
        ({"words": "a", "times": 3}, {"words": "a", "times": 3}),
        ({"words": 5, "times": "-3"}, {"words": "5", "times": -3}),
    ],
)
async def test_arguments_in_their_types(arguments: dict[str, Any], got: dict[str, Any]) -> None:
    tool = Echo()
    assert (await tool.execute(arguments)).success
    assert tool.got == [got]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "echo needs its words: what to say."),
        ({"words": ""}, "echo needs its words: what to say."),
        ({"words": " \n"}, "echo needs its words: what to say."),
        ({"words": None}, "echo needs its words: what to say."),
        ({"words": "a", "mood": "b"}, "echo has no argument 'mood'; there is words, times."),
        ({"text": "a"}, "echo has no argument 'text'; there is words, times."),
        ({"words": "a", "times": "two"}, "The times of echo must be a whole number, not 'two'."),
        ({"words": "a", "times": 1.5}, "The times of echo must be a whole number, not '1.5'."),
        ({"words": "a" * 2001}, "The words of echo is longer than 2,000 characters."),
    ],
)
async def test_arguments_that_are_refused(arguments: dict[str, Any], said: str) -> None:
    tool = Echo()
    result = await tool.execute(arguments)
    assert (result.text, result.success, result.error) == (said, False, "retry")
    assert tool.got == []


@pytest.mark.parametrize(
    ("does", "said", "error"),
    [
        (ModelRetry("Say it in other words."), "Say it in other words.", "retry"),
        (ToolFailed("It is gone."), "It is gone.", "final"),
        (RuntimeError("a wire is loose"), "echo is out of order (RuntimeError: a wire is loose).", "final"),
        (RecursionError(), "echo is out of order (RecursionError).", "final"),
    ],
)
async def test_what_goes_wrong_is_a_result(does: Exception, said: str, error: str) -> None:
    result = await Echo(does).execute({"words": "a"})
    assert (result.text, result.success, result.error) == (said, False, error)
    assert 0 <= result.duration_s < 5


async def test_too_slow() -> None:
    tool = Echo(60.0)
    tool.timeout_s = 0.05
    result = await tool.execute({"words": "a"})
    assert (result.text, result.success, result.error) == (
        "echo gave no result within 0.05 s.",
        False,
        "retry",
    )
    assert 0.04 <= result.duration_s < 5


async def test_who_gives_up_is_not_held_back() -> None:
    task = asyncio.create_task(Echo(60.0).execute({"words": "a"}))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_as_apis_describe_it() -> None:
    spec = Echo().spec
    assert (spec.name, spec.description) == ("echo", "Says it again.")
    assert json.loads(spec.parameters) == {
        "type": "object",
        "properties": {
            "words": {"type": "string", "description": "what to say"},
            "times": {"type": "integer", "description": "how often"},
        },
        "required": ["words"],
        "additionalProperties": False,
    }

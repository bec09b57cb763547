"""Small tools and turns shared by the tests of the agent."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from app.domain.passages import Chunk, Passage
from app.services.agent.action_parser import Turn
from app.services.agent.formats import ExecutedStep
from app.services.agent.tools.base import Parameter, Tool, ToolOutput

Script = Callable[[str], str | ToolOutput | Exception]


def passage(number: int, text: str = "") -> Passage:
    """Return a passage of which only id and text matter."""
    text = text or f"text {number}"
    return Passage(Chunk(f"a{number}#0", f"a{number}", f"Title {number}", "", text, 0, len(text)))


class FakeTool(Tool):
    """Returns a function of its first argument, and records the arguments of each use."""

    description = "Finds things."
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("query", "words to look for"),
        Parameter("k", "how many", "integer", required=False),
    )

    def __init__(self, name: str = "retrieval", script: Script = lambda query: f"about {query}") -> None:
        self.name = name  # type: ignore[misc]
        self.example = f"{name}[K2]"  # type: ignore[misc]
        self._script = script
        self.asked: list[dict[str, Any]] = []

    async def run(self, arguments: Mapping[str, Any]) -> ToolOutput:
        self.asked.append(dict(arguments))
        said = self._script(str(arguments["query"]))
        if isinstance(said, Exception):
            raise said
        return said if isinstance(said, ToolOutput) else ToolOutput(said)


class FakeSums(FakeTool):
    """Has one parameter only."""

    description = "Computes."
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("expression", "an expression"),)

    def __init__(self, script: Script = lambda _: "4") -> None:
        super().__init__("calculator", script)

    async def run(self, arguments: Mapping[str, Any]) -> ToolOutput:
        return await super().run({"query": arguments["expression"]})


def use(query: str = "height of K2", thought: str = "I need it.", **more: Any) -> Turn:
    """Return a turn that searches."""
    return Turn(thought, "retrieval", {"query": query, **more}, read_as="bracket")


def executed(
    query: str = "height of K2", observation: str = "K2 is 8611 m high.", thought: str = "Hm."
) -> ExecutedStep:
    """Return a search with its observation."""
    return ExecutedStep(use(query, thought), observation)

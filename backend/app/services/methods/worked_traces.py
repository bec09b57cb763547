"""Worked examples of an agent: a question, the steps with tools, and the answer, by kind of question.

They stand in ``configs/react_examples.json``, which is read anew for each experiment. Their action
``search`` stands for the search tool that the agent has; examples with a tool that it lacks are left out.
"""

from collections.abc import Collection
from functools import partial
from pathlib import Path

from app.domain.json import JsonObject
from app.services.agent.action_parser import Turn
from app.services.agent.formats import ExecutedStep, WorkedTrace
from app.services.methods.exemplars import EXEMPLARS_FILE, ExemplarKind, read_examples

TRACES_FILE = EXEMPLARS_FILE.with_name("react_examples.json")
_SEARCH = "search"
_SEARCH_TOOLS = ("retrieval", "wikipedia_search")
_ARGUMENT = {"calculator": "expression"}


def load_traces(
    kind: ExemplarKind, shots: int, tools: Collection[str], path: Path = TRACES_FILE
) -> tuple[WorkedTrace, ...]:
    """Return the first ``shots`` worked examples of a kind that use only these tools, in file order.

    Raises:
        ExemplarsError: if the file cannot be read.
    """
    if shots == 0:
        return ()
    search = next((tool for tool in _SEARCH_TOOLS if tool in tools), _SEARCH)
    found = read_examples(path, kind, partial(_trace, search=search))
    usable = [trace for trace in found if all(step.turn.tool in tools for step in trace.steps)]
    return tuple(usable[:shots])


def _trace(row: JsonObject, search: str) -> WorkedTrace:
    steps = tuple(ExecutedStep(_turn(step, search), str(step["observation"])) for step in row["steps"])
    return WorkedTrace(str(row["question"]), steps, Turn(str(row["thought"]), answer=str(row["answer"])))


def _turn(step: JsonObject, search: str) -> Turn:
    tool = search if step["action"] == _SEARCH else step["action"]
    return Turn(str(step["thought"]), tool, {_ARGUMENT.get(tool, "query"): str(step["input"])})

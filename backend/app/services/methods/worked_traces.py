"""Worked examples of an agent: a question, its steps with tools, and the answer, by kind of question.

They are text of ``configs/react_examples.json``, read anew for each experiment. The action ``search``
stands for whichever search tool the agent has; examples that use a tool it has not are left out.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from app.services.agent.actions import Turn
from app.services.agent.forms import Done, WorkedTrace
from app.services.methods.exemplars import EXEMPLARS_FILE, ExemplarKind, ExemplarsError

TRACES_FILE = EXEMPLARS_FILE.with_name("react_examples.json")
_SEARCH = "search"
_SEARCH_TOOLS = ("retrieval", "wikipedia_search")
_ARGUMENT = {"calculator": "expression"}


def load_traces(
    kind: ExemplarKind, shots: int, tools: Collection[str], path: Path = TRACES_FILE
) -> tuple[WorkedTrace, ...]:
    """Return up to ``shots`` worked examples of a kind that the tools allow, in file order.

    Raises:
        ExemplarsError: if the file cannot be read.
    """
    if shots == 0:
        return ()
    search = next((tool for tool in _SEARCH_TOOLS if tool in tools), None)
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))[kind]
        found = [_trace(row, search) for row in rows]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ExemplarsError(f"The worked examples in {path.name} cannot be read: {error!r}.") from error
    usable = [one for one in found if all(done.turn.tool in tools for done in one.steps)]
    return tuple(usable[:shots])


def _trace(row: dict[str, Any], search: str | None) -> WorkedTrace:
    steps = tuple(
        Done(_turn(step["thought"], step["action"], str(step["input"]), search), str(step["observation"]))
        for step in row["steps"]
    )
    return WorkedTrace(str(row["question"]), steps, Turn(str(row["thought"]), answer=str(row["answer"])))


def _turn(thought: str, action: str, given: str, search: str | None) -> Turn:
    tool = (search or _SEARCH) if action == _SEARCH else action
    return Turn(str(thought), tool, {_ARGUMENT.get(tool, "query"): given})

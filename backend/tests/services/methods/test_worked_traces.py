"""Tests of the agent's worked examples that ship with the project, and of reading them."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from app.schemas.method_config import ToolName
from app.services.agent.action_parser import ActionParser
from app.services.agent.formats import JsonFormat, TextFormat, WorkedTrace
from app.services.agent.tools.base import Tool
from app.services.agent.tools.calculator import Calculator
from app.services.agent.tools.retrieval import RetrievalTool
from app.services.agent.tools.wikipedia import WikipediaTool
from app.services.methods.exemplars import ExemplarKind, ExemplarsError
from app.services.methods.worked_traces import TRACES_FILE, load_traces
from tests.services.methods.test_exemplars import shipped, words

KINDS: tuple[ExemplarKind, ...] = ("facts", "multi_hop", "arithmetic")
TOOLS: tuple[Tool, ...] = (RetrievalTool(None, 3), Calculator(), WikipediaTool(None))
EVERY = [tool.name for tool in TOOLS]
ALL = [(kind, one) for kind in KINDS for one in load_traces(kind, 3, EVERY)]
TRACES = pytest.mark.parametrize("worked", [one for _, one in ALL], ids=lambda one: one.question[:30])


def row(action: str = "search", **fields: Any) -> dict[str, Any]:
    step = {"thought": "Hm.", "action": action, "input": "K2", "observation": "8611 m"}
    return {"question": "How high?", "steps": [step], "thought": "So.", "answer": "8611 m", **fields}


def file(folder: Path, value: Any) -> Path:
    path = folder / "traces.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


class TestShipped:
    def test_three_of_each_kind(self) -> None:
        raw = json.loads(TRACES_FILE.read_text(encoding="utf-8"))
        assert {name for name, value in raw.items() if isinstance(value, list)} == set(KINDS)
        assert [kind for kind, _ in ALL] == [kind for kind in KINDS for _ in range(3)]
        assert len({one.question for _, one in ALL}) == 9
        assert set(EVERY) == set(get_args(ToolName))

    @TRACES
    def test_are_written_as_the_reader_reads(self, worked: WorkedTrace) -> None:
        parser = ActionParser(TOOLS)
        for step_format in (TextFormat(TOOLS, ""), JsonFormat(TOOLS, "")):
            for step in worked.steps:
                turn = parser.parse(step_format.write(step.turn))
                assert (turn.thought, turn.tool) == (step.turn.thought, step.turn.tool)
                assert turn.arguments == step.turn.arguments
            ending = parser.parse(step_format.write(worked.ending))
            assert (ending.thought, ending.answer) == (worked.ending.thought, worked.ending.answer)

    @TRACES
    def test_fit_the_grammar(self, worked: WorkedTrace) -> None:
        for step in worked.steps:
            (given,) = step.turn.arguments.values()
            assert re.fullmatch(r"[^\[\]\n]{1,200}", given)
            assert 1 <= len(step.turn.thought) <= 400

    @TRACES
    def test_use_only_arguments_that_their_tool_has(self, worked: WorkedTrace) -> None:
        tools = {tool.name: tool for tool in TOOLS}
        assert worked.steps
        for step in worked.steps:
            tools[step.turn.tool or ""].check(step.turn.arguments)

    @pytest.mark.parametrize("worked", load_traces("arithmetic", 3, EVERY), ids=lambda one: one.question[:30])
    async def test_sums_are_what_the_calculator_gives(self, worked: WorkedTrace) -> None:
        for step in worked.steps:
            result = await Calculator().execute(step.turn.arguments)
            assert (result.text, result.success) == (step.observation, True)
        assert worked.steps[-1].observation == worked.ending.answer

    @TRACES
    def test_have_their_answer_from_what_was_found(self, worked: WorkedTrace) -> None:
        found = " ".join(step.observation for step in worked.steps)
        answer = worked.ending.answer or ""
        assert answer in {"yes", "no"} or answer in found

    def test_no_question_of_the_shipped_datasets_is_given_away(self) -> None:
        examples = shipped()
        assert len(examples) >= 100
        for _, worked in ALL:
            asked = words(worked.question)
            for example in examples:
                other = words(example.question)
                assert len(asked & other) / len(asked | other) < 0.5, (worked.question, example.question)


class TestLoad:
    def test_no_shots_read_no_file(self) -> None:
        assert load_traces("facts", 0, EVERY, Path("/nowhere")) == ()

    @pytest.mark.parametrize("shots", [1, 2, 3])
    def test_shots_in_file_order(self, shots: int) -> None:
        assert load_traces("facts", shots, EVERY) == load_traces("facts", 3, EVERY)[:shots]

    @pytest.mark.parametrize(
        ("tools", "search"),
        [
            (["retrieval"], "retrieval"),
            (["wikipedia_search"], "wikipedia_search"),
            (["calculator", "wikipedia_search"], "wikipedia_search"),
            (["wikipedia_search", "retrieval"], "retrieval"),
        ],
    )
    def test_search_is_the_search_tool_that_is_there(self, tools: list[str], search: str) -> None:
        found = load_traces("multi_hop", 3, tools)
        assert len(found) == 3
        assert {step.turn.tool for one in found for step in one.steps} == {search}

    def test_without_its_tool_an_example_is_left_out(self, tmp_path: Path) -> None:
        assert load_traces("facts", 3, ["calculator"]) == ()
        assert load_traces("arithmetic", 3, ["retrieval"]) == ()
        path = file(tmp_path, {"facts": [row(), row("calculator"), row()]})
        assert len(load_traces("facts", 3, ["retrieval"], path)) == 2
        assert len(load_traces("facts", 1, ["calculator"], path)) == 1

    def test_arguments_have_the_tool_s_name(self, tmp_path: Path) -> None:
        path = file(tmp_path, {"facts": [row(), row("calculator", answer=7)]})
        search, sum_ = load_traces("facts", 2, EVERY, path)
        assert search.steps[0].turn.arguments == {"query": "K2"}
        assert sum_.steps[0].turn.arguments == {"expression": "K2"}
        assert sum_.ending.answer == "7"

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "{",
            "[]",
            "null",
            {},
            {"facts": None},
            {"facts": 5},
            {"facts": "abc"},
            {"facts": [5]},
            {"facts": [{}]},
            {"facts": [row(steps=None)]},
            {"facts": [row(steps=["a"])]},
            {"facts": [row(steps=[{"thought": "a"}])]},
            {"facts": [{"question": "a", "steps": []}]},
        ],
    )
    def test_a_broken_file_is_told_by_its_name(self, tmp_path: Path, value: Any) -> None:
        with pytest.raises(ExemplarsError, match=r"traces\.json"):
            load_traces("facts", 1, EVERY, file(tmp_path, value))

    def test_a_missing_file_is_told_too(self, tmp_path: Path) -> None:
        with pytest.raises(ExemplarsError, match=r"none\.json"):
            load_traces("facts", 1, EVERY, tmp_path / "none.json")

    def test_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "traces.json"
        path.write_bytes(b'{"facts": "\xff"}')
        with pytest.raises(ExemplarsError):
            load_traces("facts", 1, EVERY, path)

"""The notebooks of the guide: valid files without outputs, whose cells run in their order on a real API."""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.core.config import PROJECT_ROOT
from app.services.datasets.service import DatasetService
from app.services.runtime import Runtime
from llmforge import Comparison
from tests.factories import questions_jsonl
from tests.llmforge.conftest import InLab

FOLDER = PROJECT_ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PAGE = (PROJECT_ROOT / "docs" / "how-to" / "python.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\((\.\.[^)#]+)(?:#[^)]*)?\)")


def cells(notebook: Path, kind: str) -> list[str]:
    document = json.loads(notebook.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == kind]


def ran(notebook: Path) -> dict[str, Any]:
    """Run the cells of code in one namespace; what a notebook would show of the last lines is made, too."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, source in enumerate(cells(notebook, "code")):
        tree = ast.parse(source)
        if isinstance(last := tree.body[-1], ast.Expr):
            name = ast.copy_location(ast.Name("_", ast.Store()), last)
            tree.body[-1] = ast.copy_location(ast.Assign([name], last.value), last)
        exec(compile(tree, f"{notebook.name}, cell {number}", "exec"), names)
        if isinstance(last, ast.Expr):
            getattr(names["_"], "_repr_html_", names["_"].__repr__)()
    return names


@pytest.fixture
async def trivia(runtime: Runtime) -> None:
    """A dataset with the name of the shipped one, which takes longer to read."""
    async with runtime.sessions() as session:
        await DatasetService(session).add_file("trivia_qa", "trivia.jsonl", questions_jsonl(60))


@pytest.fixture
def run(
    in_lab: InLab[dict[str, Any]], trivia: None, working: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Any]:
    monkeypatch.chdir(FOLDER)
    return lambda name: in_lab(lambda _: ran(FOLDER / name))


class TestFiles:
    @pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
    def test_are_valid(self, path: Path) -> None:
        document = json.loads(path.read_text(encoding="utf-8"))
        assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
        assert document["metadata"]["kernelspec"]["name"] == "python3"
        assert len({cell["id"] for cell in document["cells"]}) == len(document["cells"])
        for cell in document["cells"]:
            assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"])
            assert cell["metadata"] == {}
            if cell["cell_type"] == "code":
                assert (cell["outputs"], cell["execution_count"]) == ([], None)
            else:
                assert cell["cell_type"] == "markdown"

    @pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
    def test_begin_with_what_to_start(self, path: Path) -> None:
        assert json.loads(path.read_text(encoding="utf-8"))["cells"][0]["cell_type"] == "markdown"
        assert "`llmforge up`" in cells(path, "markdown")[0]
        assert cells(path, "code")[-1] == "lab.close()"

    @pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
    def test_links_lead_somewhere_and_a_page_leads_here(self, path: Path) -> None:
        found = LINK.findall("\n".join(cells(path, "markdown")))
        assert found
        assert [one for one in found if not (FOLDER / one).resolve().is_file()] == []
        assert f"](../notebooks/{path.name})" in PAGE

    def test_there_are_three(self) -> None:
        assert [path.stem for path in NOTEBOOKS] == ["first_experiment", "inspect_log", "own_scorer"]


class TestRun:
    async def test_a_first_experiment(self, run: Callable[[str], Any]) -> None:
        names = await run("first_experiment.ipynb")
        assert 0 < names["result"].metrics.scores["exact_match"].value < 1
        assert isinstance(names["comparison"], Comparison)
        assert "not distinguishable" in names["comparison"].verdict[0]

    async def test_a_score_of_ones_own(self, run: Callable[[str], Any]) -> None:
        names = await run("own_scorer.ipynb")
        found = names["found"]
        assert found.n == 60
        assert 0 < found.low < found.difference < found.high

    async def test_a_log_of_inspect(self, run: Callable[[str], Any]) -> None:
        names = await run("inspect_log.ipynb")
        [difference] = names["comparison"].differences
        assert difference.n_paired == names["log"].questions == 8
        assert difference.difference > 0

    async def test_a_second_time(self, run: Callable[[str], Any]) -> None:
        await run("inspect_log.ipynb")
        assert (await run("inspect_log.ipynb"))["log"].created is False


def test_the_file_that_is_shown_says_what_the_function_says() -> None:
    notebook = FOLDER / "own_scorer.ipynb"
    (file,) = re.findall(r"```python\n(.*?)```", "\n".join(cells(notebook, "markdown")), re.DOTALL)
    (function,) = (one for one in cells(notebook, "code") if "def closeness" in one)
    names: dict[str, Any] = {}
    exec(file, names)
    exec(function, names)
    for answer in ("Vergil", "Homer", "", None):
        sample = SimpleNamespace(answer=answer, accepted=["Virgil", "Publius Vergilius Maro"])
        assert names["score"](sample) == names["closeness"](answer, sample.accepted)
    assert names["NAME"] == "closeness"

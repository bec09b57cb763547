"""Tests of the lab: what it is given, what it refuses, and what it says when nothing answers."""

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from app.core.config import PROJECT_ROOT, Settings, get_settings
from llmforge import Comparison, ComparisonConfig, Experiment, ExperimentConfig, Lab, LabError
from llmforge import lab as module
from tests.fixtures.harness_logs import Sample, inspect_log
from tests.llmforge.conftest import COMPARISON, CONFIG, InLab

HEAVY = (
    "aiohttp",
    "fastapi",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "redis",
    "sqlalchemy",
    "torch",
    "typer",
)


def test_import_pays_for_nothing_heavy() -> None:
    script = f"import sys, llmforge; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_page_lists_what_an_environment_of_its_own_needs() -> None:
    page = (PROJECT_ROOT / "docs" / "how-to" / "python.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^pip install (\"httpx<.*)$", page, re.MULTILINE)
    listed = {re.split("[<>=]", one)[0] for one in shlex.split(line)}
    shown = "for name, one in sys.modules.items(): print(name, getattr(one, '__file__', ''))"
    script = f"import sys, llmforge\n{shown}"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    loaded = re.findall(r"^(?:app|llmforge)\b\S* (.+)$", done.stdout, re.MULTILINE)
    needed = {name for file in loaded for name in _imported(Path(file))}
    distributions = metadata.packages_distributions()
    found = {one for name in needed if name in distributions for one in distributions[name]}
    assert found - {"llmforge", "pydantic_core"} == listed  # the core is Pydantic's own


def _imported(file: Path) -> Iterator[str]:
    """Yield the names of the packages that a module imports when it is imported itself."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]


def refusal(steps: Callable[[], object]) -> LabError:
    with pytest.raises(LabError) as refused:
        steps()
    return refused.value


class TestCreate:
    async def test_of_a_mapping_a_file_and_a_configuration(
        self, in_lab: InLab[None], dataset: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "experiment.yaml"
        path.write_text(json.dumps(CONFIG))

        def steps(lab: Lab) -> None:
            given: list[Any] = [CONFIG, str(path), path, ExperimentConfig.model_validate(CONFIG)]
            made = [lab.create(one, tags=["paper"]) for one in given]
            assert len({one.id for one in made}) == len(given)
            assert len({one.details().config_hash for one in made}) == 1
            assert {one.name for one in made} == {"from Python"}
            assert all(one.summary.tags == ["paper"] and one.status == "PENDING" for one in made)

        await in_lab(steps)

    async def test_refused_fields_are_named(self, in_lab: InLab[LabError], dataset: str) -> None:
        wrong = {**CONFIG, "colour": "red", "params": {"temperature": -1}}
        error = await in_lab(lambda lab: refusal(lambda: lab.create(wrong)))
        assert error.status == 422
        assert {one.field for one in error.fields} == {"config.colour", "config.params.temperature"}
        assert "config.colour: there is no such field" in str(error)

    async def test_a_single_problem_is_said_once(self, in_lab: InLab[LabError], dataset: str) -> None:
        error = await in_lab(lambda lab: refusal(lambda: lab.create({**CONFIG, "colour": "red"})))
        assert str(error).count("config.colour") == 1

    async def test_an_unknown_dataset_has_a_hint(self, in_lab: InLab[LabError], dataset: str) -> None:
        error = await in_lab(
            lambda lab: refusal(lambda: lab.create({**CONFIG, "dataset": {"name": "quizz"}}))
        )
        assert "quizz" in error.message
        assert error.hint in str(error)
        assert "quiz" in error.hint

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("name: [1, 2\n", "line 2"),
            ("- a\n", "does not contain an experiment"),
            ("name: a\nname: b\n", "given twice"),
            ("name: n\nbase: {}\nvariants: []\n", "Use run_comparison()."),
        ],
    )
    async def test_a_wrong_file(self, in_lab: InLab[LabError], tmp_path: Path, text: str, said: str) -> None:
        path = tmp_path / "wrong.yaml"
        path.write_text(text)
        assert said in str(await in_lab(lambda lab: refusal(lambda: lab.create(path))))

    async def test_no_file(self, in_lab: InLab[LabError]) -> None:
        assert "Cannot read none.yaml" in str(
            await in_lab(lambda lab: refusal(lambda: lab.create("none.yaml")))
        )


class TestFind:
    async def test_by_id_and_in_lists(
        self, in_lab: InLab[None], dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_PAGE", 2)

        def steps(lab: Lab) -> None:
            made = [lab.create({**CONFIG, "name": f"number {number}"}) for number in range(5)]
            first = made[0]
            for given in (first.id, str(first.id), str(first.id)[:8], first):
                assert lab.experiment(given).name == "number 0"
            assert [one.name for one in lab.experiments()] == [
                f"number {number}" for number in range(4, -1, -1)
            ]
            assert [one.id for one in lab.experiments(text="number 3")] == [made[3].id]
            assert list(lab.experiments(tag=["none"])) == []

        await in_lab(steps)

    @pytest.mark.parametrize(
        ("given", "said"), [("abc", "too short"), ("abcdef", "No experiment has"), ("x" * 36, "is not an id")]
    )
    async def test_no_such_id(self, in_lab: InLab[LabError], given: str, said: str) -> None:
        assert said in str(await in_lab(lambda lab: refusal(lambda: lab.experiment(given))))

    async def test_an_unknown_filter(self, in_lab: InLab[LabError]) -> None:
        error = await in_lab(lambda lab: refusal(lambda: list(lab.experiments(status=["ODD"]))))
        assert error.fields


class TestDatasetsAndImports:
    async def test_a_dataset_is_added_and_listed(self, in_lab: InLab[None], tmp_path: Path) -> None:
        path = tmp_path / "mine.csv"
        path.write_text("input,answer\nWho wrote Hamlet?,Shakespeare\n")

        def steps(lab: Lab) -> None:
            added = lab.datasets.add("mine", path, columns={"question": "input"})
            assert (added.name, added.size, added.created) == ("mine", 1, True)
            assert [one.name for one in lab.datasets] == ["mine"]
            assert "Cannot read" in refusal(lambda: lab.datasets.add("none", tmp_path / "none.csv")).message
            path.write_text("question,answer\nWho?,\n")
            assert refusal(lambda: lab.datasets.add("wrong", path)).status == 422

        await in_lab(steps)

    async def test_a_log_is_imported_and_compared(
        self, in_lab: InLab[None], working: None, tmp_path: Path
    ) -> None:
        samples = [
            Sample(f"q{n}", f"What is {n}?", (f"thing {n}",), "thing 1", right=n == 1) for n in range(9)
        ]
        path = tmp_path / "log.eval"
        path.write_bytes(inspect_log(samples))

        def steps(lab: Lab) -> None:
            [found] = lab.import_(path)
            assert (found.harness, found.answers, found.created) == ("Inspect", 9, True)
            assert lab.experiment(found).result().metrics.scores["inspect.match"].value == pytest.approx(
                1 / 9
            )
            here = lab.create({"name": "here", "model": "mock/gold", "dataset": {"name": found.dataset}})
            compared = lab.compare(found, here.run().follow())
            assert compared.differences[0].difference == pytest.approx(8 / 9)
            assert "Cannot read" in refusal(lambda: lab.import_(path, tmp_path / "none.eval")).message

        await in_lab(steps)


class TestComparisonsOf:
    async def test_a_mapping_and_a_configuration(
        self, in_lab: InLab[None], dataset: str, working: None
    ) -> None:
        def steps(lab: Lab) -> None:
            for config in (COMPARISON, ComparisonConfig.model_validate(COMPARISON)):
                started = lab.run_comparison(config)
                assert [one.name for one in started] == ["Two models: half", "Two models: all"]
                compared = lab.compare(*(one.follow() for one in started))
                assert isinstance(compared, Comparison)
                assert compared.out.baseline_id == started[0].id

        await in_lab(steps)

    async def test_a_file_on_several_datasets(
        self, in_lab: InLab[None], dataset: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "comparison.yaml"
        path.write_text(json.dumps({**COMPARISON, "base": {"seed": 3}, "datasets": ["quiz", "other"]}))

        def steps(lab: Lab) -> None:
            assert "dataset='quiz'" in refusal(lambda: lab.run_comparison(path)).hint
            started = lab.run_comparison(path, dataset="quiz")
            assert {one.summary.dataset for one in started} == {"quiz"}
            assert "no base" in refusal(lambda: lab.run_comparison(CONFIG)).message

        await in_lab(steps)

    async def test_one_alone_is_none(self, in_lab: InLab[None], dataset: str) -> None:
        def steps(lab: Lab) -> None:
            one: Experiment = lab.create(CONFIG)
            assert refusal(lambda: lab.compare(one)).message

        await in_lab(steps)


class TestNothingAnswers:
    def test_no_platform_runs(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLMFORGE_PORT", "1")
        get_settings.cache_clear()
        error = refusal(Lab)
        assert error.message == "No platform runs on this machine."
        assert "`llmforge up`" in error.hint

    def test_the_address_is_wrong(self, settings: Settings) -> None:
        with Lab("http://127.0.0.1:1/") as lab:
            error = refusal(lambda: list(lab.experiments()))
        assert error.message == "No platform answers at http://127.0.0.1:1."
        assert "LLMFORGE_API_URL" in str(error)

    def test_settings_that_cannot_be_read(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLMFORGE_WORKERS", "many")
        get_settings.cache_clear()
        assert "LLMFORGE_WORKERS" in str(refusal(Lab))

    def test_another_program_answers(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        with Lab("http://127.0.0.1:1") as lab:
            monkeypatch.setattr(lab.datasets._api, "send", lambda *_, **__: b'[{"name": 1}]')
            assert "another version" in refusal(lambda: list(lab.datasets)).message


class TestKeys:
    KEY = "a-key-that-is-hard-to-guess-0123456789"

    @pytest.fixture
    def settings(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setenv("LLMFORGE_API_KEY", self.KEY)
        get_settings.cache_clear()
        return get_settings()

    async def test_that_of_the_environment_is_sent(self, in_lab: InLab[None]) -> None:
        await in_lab(lambda lab: None if list(lab.experiments()) == [] else pytest.fail("not empty"))

    async def test_a_wrong_one_is_refused(self, in_lab: InLab[None], api_url: str) -> None:
        def steps(_: Lab) -> Any:
            with Lab(api_url, "another-key") as lab:
                error = refusal(lambda: list(lab.experiments()))
            assert error.status == 401
            assert "another-key" not in str(error)

        await in_lab(steps)

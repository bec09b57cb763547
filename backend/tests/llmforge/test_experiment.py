"""Tests of one experiment from Python: run, followed to its end, read as result, runs and frames."""

import importlib
import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from llmforge import Lab, LabError, Result, experiment, frames, progress
from tests.llmforge.conftest import CONFIG, InLab

HOSTILE = '<script>alert(1)</script> \x1b[31m "$x$" & \u202e'
FAILING = "mock/echo?fail_rate=1&fail_kind=bad_request"


def ran(lab: Lab, **fields: Any) -> experiment.Experiment:
    return lab.create({**CONFIG, **fields}).run().follow()


class TestRun:
    async def test_to_the_end(self, in_lab: InLab[None], dataset: str, working: None) -> None:
        def steps(lab: Lab) -> None:
            made = lab.create(CONFIG)
            assert made.run() is made
            assert made.status in {"PENDING", "RUNNING"}
            assert made.follow() is made
            assert (made.status, made.reason) == ("COMPLETED", None)
            assert made.summary.progress is not None
            assert made.summary.progress.done == 10
            assert made.follow().status == "COMPLETED"  # of what has ended it says so at once
            with pytest.raises(LabError, match="COMPLETED"):
                made.run()

        await in_lab(steps)

    async def test_a_draft_is_not_waited_for(self, in_lab: InLab[None], dataset: str) -> None:
        def steps(lab: Lab) -> None:
            with pytest.raises(LabError, match="was not started"):
                lab.create(CONFIG).follow()

        await in_lab(steps)

    async def test_one_that_fails(self, in_lab: InLab[None], dataset: str, working: None) -> None:
        def steps(lab: Lab) -> None:
            failed = ran(lab, model=FAILING)
            assert failed.status == "FAILED"
            assert failed.reason
            assert failed.reason in repr(failed)
            assert failed.reason in str(failed.result())
            assert {run.failure_kind for run in failed.runs()} == {"bad_request"}
            assert set(failed.frame()["status"]) == {"failed"}

        await in_lab(steps)

    async def test_one_that_is_cancelled(self, in_lab: InLab[None], dataset: str) -> None:
        def steps(lab: Lab) -> None:
            cancelled = lab.create(CONFIG).run().cancel().follow()
            assert cancelled.status == "CANCELLED"
            with pytest.raises(LabError) as refused:
                cancelled.result()
            assert refused.value.status == 404

        await in_lab(steps)


class TestProgress:
    async def test_a_notebook_has_a_bar_of_html(
        self,
        in_lab: InLab[experiment.Experiment],
        dataset: str,
        working: None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        drawn: list[str] = []

        def display(html: str, *, display_id: bool) -> Any:
            drawn.append(html)
            return SimpleNamespace(update=drawn.append)

        module = SimpleNamespace(HTML=str, display=display)
        monkeypatch.setattr(progress, "_notebook_display", lambda: module)
        await in_lab(ran)
        assert all('max="10"' in one for one in drawn)
        assert 'value="0"' in drawn[0]
        assert 'value="10"' in drawn[-1]
        assert "10 of 10 COMPLETED" in drawn[-1]

    @pytest.mark.parametrize(("shell", "is_notebook"), [(None, False), ({}, False), ({"kernel": 1}, True)])
    def test_a_terminal_is_no_notebook(
        self, shell: dict[str, Any] | None, is_notebook: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ipython = SimpleNamespace(get_ipython=lambda: None if shell is None else SimpleNamespace(**shell))
        display = SimpleNamespace()
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        monkeypatch.setitem(sys.modules, "IPython.display", display)
        assert progress._notebook_display() is (display if is_notebook else None)

    def test_without_ipython(self) -> None:
        assert progress._notebook_display() is None


class TestResult:
    async def test_each_score_has_its_interval(
        self, in_lab: InLab[None], dataset: str, working: None
    ) -> None:
        def steps(lab: Lab) -> None:
            result = ran(lab).result()
            assert isinstance(result, Result)
            assert result.metrics.scores["exact_match"].value == 1.0
            for shown in (repr(result), str(result), result._repr_html_()):
                for name, score in result.metrics.scores.items():
                    assert name.replace("_", " ") in shown
                    assert f"[{100 * score.low:.1f}, {100 * score.high:.1f}]" in shown

        await in_lab(steps)

    async def test_hostile_names_are_shown(self, in_lab: InLab[None], dataset: str, working: None) -> None:
        def steps(lab: Lab) -> None:
            hostile = ran(lab, name=HOSTILE)
            for shown in (hostile, hostile.result()):
                html = shown._repr_html_()
                assert "<script>" not in html
                assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
                assert html.startswith('<div class="tex2jax_ignore mathjax_ignore">')
                for text in (html, repr(shown)):
                    assert "\x1b" not in text
                    assert "\u202e" not in text
                    assert "␛" in text

        await in_lab(steps)


class TestRuns:
    async def test_all_pages(
        self, in_lab: InLab[None], dataset: str, working: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(experiment, "_PAGE", 3)

        def steps(lab: Lab) -> None:
            one = ran(lab)
            runs = list(one.runs())
            assert len({run.id for run in runs}) == 10
            assert list(one.runs(filter="wrong")) == []
            assert [run.id for run in one.runs(text=runs[4].question)] == [runs[4].id]
            assert one.run_details(runs[4].id).calls
            with pytest.raises(LabError) as refused:
                list(one.runs(filters="wrong"))
            assert refused.value.fields[0].field.endswith("filters")

        await in_lab(steps)


class TestFrames:
    async def test_both_libraries_hold_the_same(
        self, in_lab: InLab[None], dataset: str, working: None
    ) -> None:
        def steps(lab: Lab) -> None:
            one = ran(lab, model="mock/gold?accuracy=0.5")
            pandas, polars = one.frame(), one.frame("polars")
            assert list(pandas.columns) == polars.columns
            assert len(pandas) == len(polars) == 10
            for column in ("question", "answer", "exact_match", "gold", "repeat", "latency_ms"):
                assert [*pandas[column]] == polars[column].to_list()
            assert polars["gold"].to_list() == [run.gold for run in one.runs()]
            assert 0 < polars["exact_match"].mean() < 1  # type: ignore[operator]
            assert json.loads(polars["scores"][0])["exact_match"]["value"] in {0, 1}

        await in_lab(steps)

    async def test_formulas_and_numbers_are_data(
        self, in_lab: InLab[None], dataset: str, working: None
    ) -> None:
        def steps(lab: Lab) -> None:
            for text in ("=1+1", "007"):
                one = ran(lab, model=f"mock/fixed?text={text.replace('+', '%2B')}")
                assert set(one.frame()["output"]) == set(one.frame("polars")["output"]) == {text}

        await in_lab(steps)

    async def test_without_a_result_it_has_no_rows(self, in_lab: InLab[None], dataset: str) -> None:
        def steps(lab: Lab) -> None:
            one = lab.create(CONFIG)
            assert len(one.frame()) == len(one.frame("polars")) == 0
            with pytest.raises(LabError, match="no scoring"):
                one.frame(scoring="none")

        await in_lab(steps)

    @pytest.mark.parametrize("library", ["pandas", "polars"])
    def test_what_to_install(self, library: frames.Library, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(frames, "import_module", _without(library, importlib.import_module))
        with pytest.raises(LabError) as refused:
            frames.of_rows([], library)
        assert str(refused.value) == f"{library} is not installed here.\nInstall it: pip install {library}"

    def test_pandas_without_pyarrow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def read(_: object) -> None:
            raise ImportError

        monkeypatch.setattr(frames, "import_module", lambda _: SimpleNamespace(read_parquet=read))
        with pytest.raises(LabError, match="pip install pyarrow"):
            frames.of_runs(b"", "pandas")

    def test_no_other_library(self) -> None:
        with pytest.raises(LabError, match="There are: pandas, polars"):
            frames.of_rows([], "excel")  # type: ignore[arg-type]


def _without(missing: str, real: Callable[[str], Any]) -> Callable[[str], Any]:
    def load(name: str) -> Any:
        if name == missing:
            raise ImportError(name)
        return real(name)

    return load

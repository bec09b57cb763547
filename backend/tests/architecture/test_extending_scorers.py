"""The worked examples of docs/extending.md: a scorer of text, one that asks a model, and a metric.

The modules are taken from the page as they stand there and added through the registries alone. An
experiment with them is run, and their numbers are looked for in the stored result, in the API's JSON and
in what the command line prints.
"""

import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from rich.console import Console

from app.cli.render import result_table
from app.core.config import PROJECT_ROOT
from app.core.errors import InvalidInput
from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import ExperimentStatus, FailureKind
from app.schemas.experiment import ExperimentOut
from app.schemas.result import Metrics
from app.services.evaluation.metrics.registry import METRICS
from app.services.evaluation.scorers.registry import SCORERS
from app.services.execution.executor import Executor
from app.services.inference.base import EngineError
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered
from tests.support import create, metrics_of, runs_of, scripted

MOST_FILES = 3
SCORER_REGISTRY = "backend/app/services/evaluation/scorers/registry.py"
METRIC_REGISTRY = "backend/app/services/evaluation/metrics/registry.py"
CHOSEN: dict[str, Any] = {"scorers": {"to_the_point": {"model": "mock/hash"}}}


def examples() -> dict[str, str]:
    """Return the page's modules by path; each begins with its path as a comment."""
    docs = PROJECT_ROOT / "docs"
    page = next(
        text
        for name in ("extending.md", "extending-scorers.part.md")
        if (docs / name).exists() and "## A scorer" in (text := (docs / name).read_text(encoding="utf-8"))
    )
    blocks = re.findall(r"```python\n# (backend/app/services/evaluation/\S+)\n(.*?)```", page, re.DOTALL)
    return {path: code for path, code in blocks if "registry" not in path}


def imported(path: str, folder: Path) -> ModuleType:
    """Import one of the page's modules from a copy."""
    name = f"extending_{Path(path).stem}"
    file = folder / f"{name}.py"
    file.write_text(examples()[path], encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def added(tmp_path: Path) -> Iterator[None]:
    """The page's scorers and its metric, registered."""
    scorers, metrics = "backend/app/services/evaluation/scorers", "backend/app/services/evaluation/metrics"
    with ExitStack() as stack:
        text = imported(f"{scorers}/begins_with.py", tmp_path)
        asking = imported(f"{scorers}/to_the_point.py", tmp_path)
        metric = imported(f"{metrics}/tokens_per_right_answer.py", tmp_path)
        stack.enter_context(SCORERS.including(text.BEGINS_WITH))
        stack.enter_context(SCORERS.including(asking.TO_THE_POINT))
        stack.enter_context(METRICS.including(metric.TOKENS_PER_RIGHT_ANSWER))
        yield


async def model(request: GenerationRequest) -> GenerationResult:
    """Answer every question with "thing 7 it is", and say of item 3 alone that this was not asked."""
    prompt = request.messages[-1].content
    if "only what was asked" in prompt:
        return answered("No." if "item 3 " in prompt else "yes")
    return answered("thing 7 it is")


async def ran(runtime: Runtime, engine: ScriptedEngine) -> Any:
    means = scripted(runtime, engine)
    experiment_id = await create(means, **CHOSEN)
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    return experiment_id


@pytest.mark.parametrize(
    ("registry", "modules"),
    [(SCORER_REGISTRY, ["begins_with", "to_the_point"]), (METRIC_REGISTRY, ["tokens"])],
)
def test_each_example_is_few_files(registry: str, modules: list[str]) -> None:
    folder = registry.rpartition("/")[0]
    for module in modules:
        files = [path for path in examples() if path.startswith(f"{folder}/{module}")]
        assert len(files) == 1
        assert len({*files, registry, "docs/extending.md"}) <= MOST_FILES


class TestScorers:
    async def test_are_stored_sent_and_printed(
        self, added: None, runtime: Runtime, dataset: str, api: httpx.AsyncClient
    ) -> None:
        engine = ScriptedEngine(model)
        experiment_id = await ran(runtime, engine)
        scores = (await metrics_of(runtime, experiment_id))["scores"]
        assert (scores["begins_with"]["value"], scores["to_the_point"]["value"]) == (0.05, 0.95)
        assert len(engine.calls) == 40
        run = (await runs_of(runtime, experiment_id))[3]
        assert run.scores["to_the_point"] == {"value": 0.0, "reason": "the model said no"}

        experiment = (await api.get(f"/api/v1/experiments/{experiment_id}")).json()
        metrics = (await api.get(f"/api/v1/results/{experiment_id}")).json()["metrics"]
        figures = {figure["name"]: figure for figure in metrics["figures"]}
        assert (figures["to_the_point"]["group"], figures["to_the_point"]["label"]) == (
            "style",
            "To the point",
        )
        assert figures["begins_with"]["n"] == 20
        assert experiment["provenance"]["scorers"]["to_the_point"] == 1
        described = {score["name"]: score for score in (await api.get("/api/v1/scores")).json()}
        assert described["begins_with"]["help"] == "The answer begins with an accepted one."

        printed = lines(experiment, metrics)
        assert "5.0 % [0.9, 23.6]  n = 20, wilson" in printed["begins with"]
        assert "95.0 % [76.4, 99.1]  n = 20, wilson" in printed["to the point"]

    async def test_that_fail_leave_answers_unscored(
        self, added: None, runtime: Runtime, dataset: str
    ) -> None:
        async def broken(request: GenerationRequest) -> GenerationResult:
            if "only what was asked" in request.messages[-1].content:
                raise EngineError(FailureKind.REFUSED, "not today")
            return await model(request)

        experiment_id = await ran(runtime, ScriptedEngine(broken))
        for run in await runs_of(runtime, experiment_id):
            assert run.status == "ok"
            assert run.scores["to_the_point"]["value"] is None
            assert "not today" in run.scores["to_the_point"]["reason"]
        assert "to_the_point" not in (await metrics_of(runtime, experiment_id))["scores"]

    @pytest.mark.parametrize(
        ("chosen", "field"),
        [
            ({"exact_match": {}}, "scorers.exact_match"),
            ({"nobody": {}}, "scorers.nobody"),
            ({"to_the_point": {}}, "scorers.to_the_point.model"),
            ({"to_the_point": {"model": "mock/no-such"}}, "scorers.to_the_point.model"),
        ],
    )
    async def test_that_cannot_be_are_refused(
        self, added: None, runtime: Runtime, dataset: str, chosen: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            await create(runtime, scorers=chosen)
        assert [error.field for error in caught.value.errors] == [field]


class TestMetric:
    async def test_is_stored_sent_and_printed(
        self, added: None, runtime: Runtime, dataset: str, api: httpx.AsyncClient
    ) -> None:
        experiment_id = await create(runtime)
        assert await Executor(runtime, experiment_id).run() is ExperimentStatus.COMPLETED
        stored = await metrics_of(runtime, experiment_id)
        tokens = stored["tokens"]["prompt"] + stored["tokens"]["completion"]
        assert stored["tokens_per_right_answer"] == tokens / 20

        experiment = (await api.get(f"/api/v1/experiments/{experiment_id}")).json()
        metrics = (await api.get(f"/api/v1/results/{experiment_id}")).json()["metrics"]
        (figure,) = [one for one in metrics["figures"] if one["name"] == "tokens_per_right_answer"]
        assert figure["value"] == tokens / 20
        assert (figure["label"], figure["better"]) == ("Tokens per right answer", "lower")
        assert "tokens per right answer" in lines(experiment, metrics)


def lines(experiment: dict[str, Any], metrics: dict[str, Any]) -> dict[str, str]:
    """Return what the command line prints of a result, by the label of each row."""
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        shown = ExperimentOut.model_validate(experiment, by_alias=False, by_name=True)
        console.print(result_table(shown, Metrics.model_validate(metrics)))
    return {line.split("  ")[0].strip(): line for line in capture.get().splitlines()}

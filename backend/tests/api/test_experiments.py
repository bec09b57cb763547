"""Tests of the routes of experiments."""

import httpx


class TestCreate:
    async def test_valid(self, api: httpx.AsyncClient, dataset: str) -> None:
        body = {"config": {"name": "n", "model": "mock/echo", "dataset": {"name": dataset}}}
        response = await api.post("/api/v1/experiments", json=body)
        assert response.status_code == 201
        assert response.json()["status"] == "PENDING"

"""Tests of estimates before a run, and of pilots, on the command line."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Cli

COMPARISON = """
name: Two prompts
base: {model: mock/echo, dataset: {name: quiz, n: 12}, seed: 3}
variants:
  - {name: plain}
  - {name: brief, method: {name: naive, system: Be brief.}}
"""


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    path = tmp_path / "echo.yaml"
    path.write_text("name: Echo\nmodel: mock/echo\ndataset: {name: quiz, n: 12}\nseed: 3\n")
    return path


async def names(api: httpx.AsyncClient) -> list[str]:
    items: list[dict[str, Any]] = (await api.get("/api/v1/experiments")).json()["items"]
    return [one["name"] for one in items][::-1]


@pytest.mark.usefixtures("dataset")
class TestDryRun:
    async def test_says_that_nothing_is_known_and_stores_nothing(
        self, cli: Cli, echo: Path, api: httpx.AsyncClient
    ) -> None:
        done = await cli("run", str(echo), "--dry-run")
        assert done.exit_code == 0, done.stderr
        assert "Echo: 12 calls, " in done.stderr
        assert "--pilot 20 asks 20 questions first" in done.stderr
        assert await names(api) == []

    async def test_of_a_comparison(self, cli: Cli, tmp_path: Path, api: httpx.AsyncClient) -> None:
        file = tmp_path / "two.yaml"
        file.write_text(COMPARISON)
        done = await cli("run", str(file), "--dry-run", "--json")
        assert [one["name"] for one in json.loads(done.stdout)] == ["plain", "brief"]
        assert "all: 24 calls, $0" in (await cli("run", str(file), "--dry-run")).stderr
        assert await names(api) == []


@pytest.mark.usefixtures("dataset", "working")
class TestPilot:
    async def test_asks_few_first_and_pays_nothing_twice(
        self, cli: Cli, echo: Path, api: httpx.AsyncClient
    ) -> None:
        done = await cli("run", str(echo), "--pilot", "6", "--yes")
        assert done.exit_code == 0, done.stderr
        assert await names(api) == ["Echo (pilot)", "Echo"]
        assert "tokens [" in done.stderr  # an interval
        spent = (await api.get("/api/v1/spending")).json()["total"]
        assert (spent["runs"], spent["calls"], spent["runs_from_cache"]) == (18, 12, 6)
        again = await cli("run", str(echo), "--pilot", "6", "--dry-run")
        assert again.exit_code == 0
        assert len(await names(api)) == 2  # enough is known
        assert "pilot" not in again.stderr

    async def test_of_a_comparison_asks_all_its_variants(
        self, cli: Cli, tmp_path: Path, api: httpx.AsyncClient
    ) -> None:
        file = tmp_path / "two.yaml"
        file.write_text(COMPARISON)
        done = await cli("run", str(file), "--pilot", "5", "--dry-run")
        assert done.exit_code == 0, done.stderr
        assert await names(api) == ["Two prompts (pilot): plain", "Two prompts (pilot): brief"]

    async def test_that_is_not_wanted_after_all(self, cli: Cli, echo: Path, api: httpx.AsyncClient) -> None:
        done = await cli("run", str(echo), "--pilot", "6")  # nobody answers the question
        assert done.exit_code == 1
        assert await names(api) == ["Echo (pilot)"]

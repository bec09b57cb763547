"""Fixtures of the command line's tests: the real API, and a runner of commands."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from tests.support import PATIENCE_S

Cli = Callable[..., Awaitable[Result]]

COMPARISON = """
name: Two models
base: {dataset: {name: quiz}, seed: 3}
variants:
  - {name: half, model: "mock/gold?accuracy=0.3"}
  - {name: all, model: mock/gold}
"""
"""A comparison of two models on the dataset of these tests."""


@pytest.fixture
def cli(api_url: str, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Calls a command on the API, in a thread: the API lives in this one's event loop."""
    monkeypatch.setenv("LLMFORGE_API_URL", api_url)
    monkeypatch.setenv("COLUMNS", "200")

    async def call(*arguments: str) -> Result:
        def invoke() -> Result:
            return CliRunner().invoke(app, arguments, catch_exceptions=False)

        return await asyncio.wait_for(asyncio.to_thread(invoke), PATIENCE_S)

    return call


@pytest.fixture
def file(tmp_path: Path, dataset: str) -> Path:
    """An experiment file on the dataset of these tests."""
    path = tmp_path / "experiment.yaml"
    path.write_text("name: from a file\nmodel: mock/gold\ndataset: {name: quiz, n: 10}\nseed: 3\n")
    return path


@pytest.fixture
def comparison(tmp_path: Path, dataset: str) -> Path:
    """A file of ``COMPARISON``."""
    path = tmp_path / "comparison.yaml"
    path.write_text(COMPARISON)
    return path

"""Tests of the demo's output, against the real API; the platform around it is a test of the whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.cli import demo
from app.core.config import get_settings
from tests.cli.conftest import COMPARISON, Cli


@pytest.fixture
def platform(api_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The API of these tests in place of a platform, with a dashboard that is built."""

    @contextmanager
    def serving() -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(url=api_url, watch=lambda: None)

    monkeypatch.setattr(demo, "serving", serving)
    (tmp_path / "index.html").touch()
    monkeypatch.setenv("LLMFORGE_DASHBOARD_DIR", str(tmp_path))
    get_settings.cache_clear()


class TestComparison:
    async def test_ends_in_a_verdict_a_forest_line_and_the_address_of_the_comparison(
        self, cli: Cli, comparison: Path, platform: None, working: None, api_url: str
    ) -> None:
        comparison.write_text(COMPARISON.replace("mock/gold?accuracy=0.3", "mock/gold?accuracy=0.1"))
        done = await cli("demo", "--file", str(comparison))
        assert done.exit_code == 0, done.stderr
        assert "Verdict: all is better than half by " in done.stdout
        assert "├" in done.stdout
        assert "If neither were better, chance alone" in done.stdout
        addresses = [word for word in done.stdout.split() if word.startswith("http")]
        assert addresses[0].startswith(f"{api_url}/compare/?ids=")
        assert "http" not in done.stderr

    async def test_one_that_fails_says_why(
        self, cli: Cli, comparison: Path, platform: None, working: None
    ) -> None:
        failing = "mock/gold?fail_rate=0.9&fail_kind=bad_request"
        comparison.write_text(COMPARISON.replace("mock/gold}", f'"{failing}"}}'))
        done = await cli("demo", "--exit", "--file", str(comparison))
        assert done.exit_code == 1
        assert "all: FAILED" in done.stderr
        assert "max_failed_share" in done.stderr

    async def test_what_the_api_refuses_is_no_traceback(
        self, cli: Cli, comparison: Path, platform: None
    ) -> None:
        comparison.write_text(COMPARISON.replace("name: quiz", "name: no_such_dataset"))
        done = await cli("demo", "--exit", "--file", str(comparison))
        assert done.exit_code == 1
        assert "no_such_dataset" in done.stderr


async def test_one_experiment(cli: Cli, file: Path, platform: None, working: None, api_url: str) -> None:
    done = await cli("demo", "--file", str(file))
    assert done.exit_code == 0, done.stderr
    assert "exact match" in done.stdout
    addresses = [word for word in done.stdout.split() if word.startswith("http")]
    assert addresses[0].startswith(f"{api_url}/experiments/view/?id=")


@pytest.mark.parametrize(
    ("p", "said"),
    [
        (0.0001, "in fewer than 1 of 1,000 comparisons"),
        (0.001, "in about 1 of 1,000 comparisons"),
        (0.0312, "in about 31 of 1,000 comparisons"),
    ],
)
def test_a_probability_in_words(p: float, said: str) -> None:
    assert demo.how_often(p) == said

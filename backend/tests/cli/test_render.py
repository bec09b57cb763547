"""Tests of how numbers and tables are printed."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.cli.client import say
from app.cli.render import (
    SafeConsole,
    experiments_table,
    print_json,
    result_table,
)
from app.core.visible import visible
from app.domain.metrics import RunContext, RunFacts
from app.domain.rounding import interval, milliseconds, number, percent
from app.schemas.common import Page
from app.schemas.experiment import ExperimentOut, ExperimentSummary, ScoreSummary
from app.schemas.result import Metrics
from app.services.evaluation.metrics.compute import compute_metrics
from app.services.evaluation.metrics.stored import metrics_out
from tests.cli.test_follow import progress
from tests.factories import facts, failed_facts

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def printed(table: Any) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def sent(runs: list[RunFacts], context: RunContext) -> Metrics:
    """Return metrics as the API sends them."""
    return metrics_out(compute_metrics(runs, context).as_dict())


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, "–"),
            (0, "0/s"),
            (0.0, "0/s"),
            (1, "1/s"),
            (12.345, "12.3/s"),
            (999.4, "999/s"),
            (999.6, "1,000/s"),
            (1234.5, "1,235/s"),
            (1234567, "1,234,567/s"),
            (0.01234, "0.0123/s"),
            (0.0000123, "1.2e-05/s"),
            (-1234.0, "-1,234/s"),
        ],
    )
    def test_number(self, value: float | None, text: str) -> None:
        assert number(value, "" if value is None else "/s") == text

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, "–"),
            (0.0, "0 ms"),
            (12.6, "13 ms"),
            (999.4, "999 ms"),
            (999.5, "1 s"),
            (1000, "1 s"),
            (1234, "1.23 s"),
            (61_000, "61 s"),
            (3_600_000, "3,600 s"),
        ],
    )
    def test_milliseconds(self, value: float | None, text: str) -> None:
        assert milliseconds(value) == text

    @pytest.mark.parametrize(
        ("value", "text"), [(None, "–"), (0.0, "0.0 %"), (0.12345, "12.3 %"), (1.0, "100.0 %")]
    )
    def test_percent(self, value: float | None, text: str) -> None:
        assert percent(value) == text

    def test_interval(self) -> None:
        assert interval(ScoreSummary(value=0.5, low=0.25, high=0.7501, n=4)) == "50.0 % [25.0, 75.0]"


class TestTables:
    def experiment(self, **fields: Any) -> ExperimentOut:
        config = {"name": "n", "model": "m/x", "dataset": {"name": "d"}}
        texts = {"id": "12345678-0000-4000-8000-000000000000", "name": "[bold]n[/]", "model": "m/x"}
        about = {"description": "", "method": "naive", "dataset": "d", "dataset_version": "v", "seed": 0}
        method = {
            "variant": "",
            "latency_of_model_only": False,
            "resumes_parent": False,
            "tags": [],
            "notes": "",
        }
        state = {"status": "RUNNING", "queued": False, "scores": {}, "total": 7, "config": config}
        unknown = dict.fromkeys(name for name in ExperimentOut.model_fields if name != "dataset")
        given = {
            **unknown,
            **texts,
            **about,
            **method,
            **state,
            "config_hash": "h",
            "provenance": {},
            "created_at": NOW,
        }
        return ExperimentOut.model_validate({**given, **fields}, by_alias=False, by_name=True)

    def test_list(self) -> None:
        score = {"exact_match": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 3}}
        ended = self.experiment(status="COMPLETED", progress=progress(done=7), scores=score, failed_runs=2)
        page = Page[ExperimentSummary](items=[self.experiment(), ended], total=2, offset=0, limit=25)
        text = printed(experiments_table(page, 200))
        _, first, second = text.strip().splitlines()
        assert first.split() == ["12345678", "[bold]n[/]", "m/x", "naive", "d", "RUNNING", "0/7", "–"]
        assert second.endswith("COMPLETED   7/7  50.0 % [40.0, 60.0], n = 3, 2 failed")

    def test_in_a_narrow_terminal_two_facts_share_a_column(self) -> None:
        scores = {"exact_match": ScoreSummary(value=0.5, low=0.4, high=0.6, n=3)}
        named = self.experiment(name="Naive against chain-of-thought", scores=scores)
        page = Page[ExperimentSummary](items=[named], total=1, offset=0, limit=25)
        console = Console(width=80, color_system=None)
        with console.capture() as capture:
            console.print(experiments_table(page, 80))
        _, first, second = capture.get().rstrip().splitlines()
        assert first.startswith("12345678  Naive against chain-of-thought  ")
        assert second.split() == ["m/x", "·", "naive", "·", "d", "0/7", "n", "=", "3"]

    def test_an_experiment_that_waits_for_a_worker_is_queued(self) -> None:
        waiting = self.experiment(status="PENDING", queued=True)
        page = Page[ExperimentSummary](items=[waiting], total=1, offset=0, limit=25)
        assert "QUEUED" in printed(experiments_table(page, 200))

    def test_result(self) -> None:
        runs = [facts(), facts(cached=True, attempts=0), failed_facts("timeout")]
        metrics = sent(runs, RunContext(5, 2.0, None, 0))
        text = printed(result_table(self.experiment(status="FAILED", reason="too [many]"), metrics))
        lines = {line.split("  ")[0].strip(): line for line in text.splitlines()}
        assert "[bold]n[/]  FAILED" in text
        assert list(lines)[1:3] == ["exact match", "f1"]
        assert "100.0 % [34.2, 100.0]  n = 2, " in lines["exact match"]
        assert "2 answered, 1 failed (1 timeout), 2 not run, 1 from the cache" in lines["runs"]
        assert "p50 100 ms" in lines["latency"]
        assert "n = 1, uncached" in lines["latency"]
        assert "0.5 answers/s" in lines["throughput"]
        assert "20 prompt, 5 completion, 25 from the cache" in lines["tokens"]
        assert "$0.001" in lines["cost"]
        assert "too [many]" in lines["reason"]

    def test_what_is_not_known(self) -> None:
        nothing = {"prompt_tokens": None, "completion_tokens": None, "cost_usd": None}
        metrics = sent([facts(**nothing)], RunContext(1, None, None, 0))
        text = printed(result_table(self.experiment(), metrics))
        assert "– prompt, – completion  1 runs without counts" in text
        assert "unknown (no price or no token counts)" in text
        assert "reason" not in text


NASTY = "\x1b]0;title\x07 \x1b[2J \x9b31m \x7f \r \u202e \u2066 \x00 fine\tline\nnext"
HARMLESS = "␛]0;title␇ ␛[2J <U+009B>31m ␡ ␍ <U+202E> <U+2066> ␀ fine\tline\nnext"


class TestControlCharacters:
    def test_are_made_visible(self) -> None:
        assert visible(NASTY) == HARMLESS
        assert visible("a\r\nb", keep_returns=True) == "a\r\nb"
        assert visible(text := "Zürich 東京 🙂 naïve \u2028") == text

    def test_none_reaches_the_terminal(self, capsys: pytest.CaptureFixture[str]) -> None:
        console = SafeConsole(width=200, color_system=None)
        table = Table(title=escape(NASTY))
        table.add_column(NASTY)
        table.add_row(escape(NASTY))
        console.print(table, NASTY, f"[bold]{escape(NASTY)}[/]")
        say(NASTY)
        printed = capsys.readouterr()
        for text in (printed.out, printed.err):
            assert "␛[2J" in text
            assert not any(
                one in text for one in NASTY[: NASTY.index("f")].replace(" ", "") if not one.isprintable()
            )

    def test_json_for_programs_keeps_them_as_escapes(self, capsys: pytest.CaptureFixture[str]) -> None:
        print_json({"name": NASTY})
        text = capsys.readouterr().out
        assert all(one.isprintable() or one == "\n" for one in text)
        assert orjson.loads(text) == {"name": NASTY}

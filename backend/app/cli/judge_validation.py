"""Measuring a judge of faithfulness on labelled answers, in this process."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from rich.progress import track
from rich.table import Table

from app.cli.client import fail
from app.cli.render import console, print_json
from app.core.config import get_settings
from app.core.errors import AppError
from app.domain.metrics import Estimate
from app.domain.rounding import fixed
from app.services.datasets.labelled import read_labelled
from app.services.evaluation.judges.base import Judge
from app.services.evaluation.judges.llm import LlmJudge
from app.services.evaluation.judges.nli import (
    BatchedNli,
    NliJudge,
    NliModel,
    NoEntailmentLabel,
    require_entailment,
)
from app.services.evaluation.judges.validation import Labelled, Validation, summarise
from app.services.inference.catalog import CatalogError
from app.services.local_models.files import ModelUnavailable, find_model, fingerprint
from app.services.runtime import models_of

_TIMEOUT_S = 120.0  # of one call of an LLM judge
_AT_ONCE = 8


def measure(file: Path, judge: Literal["nli", "llm"], model: str, *, json: bool) -> None:
    """Judge the answers in ``file``, and print how often the judge and the labels agree.

    Args:
        file: labelled answers; see ``read_labelled``.
        judge: kind of judge.
        model: what judges.
        json: print JSON instead of a table.

    Raises:
        typer.Exit: if the file cannot be read, or the judge does not work.
    """
    try:
        rows = read_labelled(file)
        values = asyncio.run(_judged(rows, judge, model, show=not json))
    except OSError as error:
        raise fail(f"Cannot read {file}: {error}.") from error
    except AppError as error:
        raise fail(error.message, error.hint) from error
    except (ModelUnavailable, CatalogError, NoEntailmentLabel) as error:
        raise fail(
            str(error), getattr(error, "hint", "") if isinstance(error, CatalogError) else ""
        ) from error
    found = summarise(rows, values)
    if json:
        print_json({"file": str(file), "judge": judge, "model": model, **asdict(found)})
    else:
        _print(file, model, found)


async def _judged(rows: Sequence[Labelled], kind: str, model: str, *, show: bool) -> list[float | None]:
    if kind == "nli":
        folder = find_model(model, "--model")
        require_entailment(folder)
        nli = BatchedNli(NliModel(folder), fingerprint(folder))
        try:
            return await _values(NliJudge(nli), rows, show=show)
        finally:
            nli.close()
    opened = await models_of(get_settings()).open(model, _TIMEOUT_S)
    try:
        return await _values(LlmJudge(opened.engine, model), rows, show=show)
    finally:
        await opened.engine.aclose()


async def _values(judge: Judge, rows: Sequence[Labelled], *, show: bool) -> list[float | None]:
    values: list[float | None] = []
    starts = range(0, len(rows), _AT_ONCE)
    for start in track(starts, "judging", console=console, disable=not show):
        part = rows[start : start + _AT_ONCE]
        values += [verdict.value for verdict in await asyncio.gather(*(judge.judge(r.claim) for r in part))]
    return values


def _print(file: Path, model: str, found: Validation) -> None:
    console.print(f"{model} on {file.name}: {found.n} judged, {found.unscored} unscored", highlight=False)
    table = Table(box=None, header_style="bold", pad_edge=False, show_header=False)
    table.add_column()
    table.add_column()
    table.add_column(style="dim")
    for name, share, meaning in (
        ("accuracy", found.accuracy, "score on the correct side of 0.5"),
        ("precision", found.precision, "share of answers judged unfaithful that are"),
        ("recall", found.recall, "share of unfaithful answers that are found"),
    ):
        table.add_row(name, _share(share), meaning)
    table.add_row("AUC", _number(found.auc), "P(a faithful answer scores above an unfaithful one)")
    table.add_row("AUC of word overlap", _number(found.overlap_auc), "the baseline for a judge")
    console.print(table)


def _share(share: Estimate | None) -> str:
    if share is None:
        return "–"
    return f"{fixed(100 * share.value)} % [{fixed(100 * share.low)}, {fixed(100 * share.high)}]"


def _number(value: float | None) -> str:
    return "–" if value is None else fixed(value, 3)

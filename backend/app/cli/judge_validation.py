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
from app.services.evaluation.judges.measured import KEPT_NAME, MeasuredJudge, keep, name_of
from app.services.evaluation.judges.nli import (
    BatchedNli,
    NliJudge,
    NliModel,
    NoEntailmentLabel,
    require_entailment,
)
from app.services.evaluation.judges.validation import Labelled, summarise
from app.services.evaluation.judges.wording import verdict_of
from app.services.inference.catalog import CatalogError
from app.services.local_models.files import ModelUnavailable, find_model, fingerprint
from app.services.runtime import models_of

_TIMEOUT_S = 600.0  # of one call of an LLM judge, which may wait for others on a slow machine
_AT_ONCE = 8


def measure(file: Path, judge: Literal["nli", "llm"], model: str, *, save: bool, json: bool) -> None:
    """Judge the answers in ``file``, and print how often the judge and the labels agree.

    Args:
        file: labelled answers; see ``read_labelled``.
        judge: kind of judge.
        model: what judges.
        save: keep the result for reports.
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
    found = MeasuredJudge(judge, name_of(model), file.name, tuple(values), summarise(rows, values))
    if save:
        _keep(found)
    if json:
        print_json({**asdict(found), "usable": found.found.usable})
    else:
        _print(found)


def _keep(found: MeasuredJudge) -> None:
    kept = get_settings().home / KEPT_NAME
    try:
        keep(found, kept)
    except (OSError, ValueError) as error:
        raise fail(f"Cannot keep the result in {kept}: {error}") from error


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


_ROWS = (
    ("accuracy", "score on the correct side of 0.5"),
    ("precision", "share of answers judged unfaithful that are"),
    ("sensitivity", "share of unfaithful answers that are found"),
    ("specificity", "share of faithful answers that are called so"),
)


def _print(measured: MeasuredJudge) -> None:
    found = measured.found
    head = f"{measured.model} on {measured.file}: {found.n} judged, {found.unscored} unscored"
    console.print(head, highlight=False, markup=False)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("", "judge", "word overlap"):
        table.add_column(column)
    table.add_column(style="dim")
    for name, meaning in _ROWS:
        table.add_row(name, *(_share(getattr(one, name)) for one in (found.judge, found.overlap)), meaning)
    kappas = (_kappa(one.kappa) for one in (found.judge, found.overlap))
    table.add_row("Cohen's kappa", *kappas, "agreement with the labels beyond chance")
    aucs = (_number(one.auc) for one in (found.judge, found.overlap))
    table.add_row("AUC", *aucs, "P(a faithful answer scores above an unfaithful one)")
    console.print(table)
    console.print(verdict_of(found), highlight=False)


def _share(share: Estimate | None) -> str:
    if share is None:
        return "–"
    return f"{fixed(100 * share.value)} % [{fixed(100 * share.low)}, {fixed(100 * share.high)}]"


def _kappa(kappa: Estimate | None) -> str:
    return (
        "–" if kappa is None else f"{fixed(kappa.value, 2)} [{fixed(kappa.low, 2)}, {fixed(kappa.high, 2)}]"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else fixed(value, 3)

"""The command ``report``: what was compared, as Markdown, HTML and figures."""

import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app.cli.client import connected, fail, say
from app.cli.comparisons import (
    FamilyOption,
    MarginOption,
    MetricOption,
    ScoringOption,
    comparisons,
    follow_all,
)
from app.client.api import Api, Query
from app.domain.json import JsonObject
from app.domain.scoring import DEFAULT_MARGIN
from app.schemas.comparison import ComparisonCreated

_TIMEOUT_S = 300.0
_FILES = (".yaml", ".yml")


def report(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder; made if it is missing.")],
    experiments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID… | FILE",
            help="2 to 12 experiments, the baseline first; or a comparison file, which is run.",
        ),
    ] = None,
    matrix: Annotated[
        UUID | None, typer.Option(help="Report an optimisation matrix instead; `bench` prints its id.")
    ] = None,
    metric: MetricOption = "exact_match",
    margin: MarginOption = DEFAULT_MARGIN,
    hypothesis: Annotated[
        str, typer.Option(help="What you expected, written before the run; default: the description.")
    ] = "",
    scoring: ScoringOption = None,
    family: FamilyOption = "score",
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD", help="Also slice by slice, by a field of the questions; may be repeated."
        ),
    ] = None,
) -> None:
    """Write a report of a comparison: Markdown, one HTML file, and figures as PNG and SVG."""
    given = experiments or []
    if (matrix is None) != bool(given):
        raise fail("A report is of experiments, of a file, or of a matrix.", "Give ids, a file, or --matrix.")
    file = next((Path(one) for one in given if one.endswith(_FILES)), None)
    if file is not None and len(given) > 1:
        raise fail("A report is of experiments or of one file.", "Give ids, or one file.")
    params: dict[str, Query] = {"score": metric, "margin": margin, "hypothesis": hypothesis, "family": family}
    params |= {"scoring": scoring} if scoring else {}
    params |= {"by": by} if by else {}
    configs = comparisons(file, {}) if file else []
    with connected() as api:
        if matrix is not None:
            _write(api, f"/reports/matrices/{matrix}", {}, out)
        elif file is None:
            _write(api, "/reports", {**params, "ids": [str(api.resolve(one)) for one in given]}, out)
        for config, ids in _run(api, configs):
            dataset = str(config["base"]["dataset"]["name"])
            within = out / dataset if len(configs) > 1 and Path(dataset).name == dataset else out
            asked = {"hypothesis": hypothesis or str(config.get("description") or "")}
            _write(
                api,
                "/reports",
                {**params, **asked, "ids": ids, "margin": config.get("margin", margin)},
                within,
            )


def _run(api: Api, configs: Sequence[JsonObject]) -> Iterator[tuple[JsonObject, list[str]]]:
    """Run comparisons one after the other; yield each with the ids of its experiments.

    Raises:
        typer.Exit: if an experiment did not complete.
    """
    for config in configs:
        created = api.post("/comparisons", ComparisonCreated, json={"config": config})
        if not follow_all(api, created, quiet=False):
            raise fail("An experiment did not complete: there is no report.", "`llmforge list` shows which.")
        yield config, [str(one) for one in created.ids]


def _write(api: Api, path: str, params: dict[str, Query], out: Path) -> None:
    archive = api.send("GET", path, params=params, timeout=_TIMEOUT_S)
    try:
        with zipfile.ZipFile(BytesIO(archive)) as files:
            out.mkdir(parents=True, exist_ok=True)
            files.extractall(out)  # which never leaves the folder
    except OSError as error:
        raise fail(f"Cannot write to {out}: {error.strerror}.") from error
    say(f"report: {out / 'report.html'}, {out / 'report.md'}; figures in {out / 'figures'}")

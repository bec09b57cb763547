"""The command ``report``: what was compared, as Markdown, HTML and figures."""

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer

from app.cli.client import Query, connected, fail, say
from app.cli.comparisons import MarginOption, MetricOption
from app.domain.scoring import DEFAULT_MARGIN

_TIMEOUT_S = 300.0


def report(
    ids: Annotated[list[str], typer.Argument(help="2 to 12 experiments; the first is the baseline.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder; made if it is missing.")],
    metric: MetricOption = "exact_match",
    margin: MarginOption = DEFAULT_MARGIN,
    hypothesis: Annotated[
        str, typer.Option(help="What you expected, written before the run; default: the description.")
    ] = "",
) -> None:
    """Write a report of a comparison: Markdown, one HTML file, and figures as PNG and SVG."""
    with connected(start=False) as api:
        resolved = [str(api.resolve(one)) for one in ids]
        params: dict[str, Query] = {
            "ids": resolved,
            "score": metric,
            "margin": margin,
            "hypothesis": hypothesis,
        }
        archive = api.send("GET", "/reports", params=params, timeout=_TIMEOUT_S)
    try:
        with zipfile.ZipFile(BytesIO(archive)) as files:
            out.mkdir(parents=True, exist_ok=True)
            files.extractall(out)  # which never leaves the folder
    except OSError as error:
        raise fail(f"Cannot write to {out}: {error.strerror}.") from error
    say(f"report in {out / 'report.html'}, {out / 'report.md'}; figures in {out / 'figures'}")

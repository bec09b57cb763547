"""The command that exports experiments."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.client import connected, fail, say
from app.cli.comparisons import FamilyOption, MarginOption
from app.client.api import Api, Query, error_of
from app.domain.scoring import DEFAULT_MARGIN
from app.schemas.scoring import ORIGINAL

_BUNDLE = "bundle"
_BUNDLE_TIMEOUT_S = 600.0


def export(
    experiments: Annotated[
        list[str],
        typer.Argument(
            metavar="ID…", help="The id, or its first characters; for a bundle up to 12, the baseline first."
        ),
    ],
    fmt: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="json, jsonl, csv (see docs/explanation/security.md on formulas) or parquet; for other "
            "harnesses inspect, lm-eval (a zip), promptfoo or openai-evals; bundle: all that the numbers are "
            "computed from, for `llmforge verify`.",
        ),
    ] = "jsonl",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; default: standard output.")
    ] = None,
    scoring: Annotated[
        str, typer.Option(help="Name of a scoring; `llmforge scorings` lists them.")
    ] = ORIGINAL,
    dataset: Annotated[
        bool,
        typer.Option(
            "--with-dataset/--without-dataset",
            help="Of a bundle: with questions, accepted answers and prompts, or with their hashes alone.",
        ),
    ] = True,
    margin: MarginOption = DEFAULT_MARGIN,
    family: FamilyOption = "score",
) -> None:
    """Export all runs with questions, answers, scores and calls.

    In the formats of other harnesses their own tools read it: `inspect view`, `promptfoo import`.
    """
    if fmt != _BUNDLE and len(experiments) > 1:
        raise fail("Only a bundle has several experiments.", "Give one id, or `-f bundle`.")
    with connected() as api:
        ids = [str(api.resolve(one)) for one in experiments]
        if fmt == _BUNDLE:
            chosen: dict[str, Query] = {"ids": ids, "dataset": str(dataset).lower()}
            _download(
                api,
                "/api/v1/bundles",
                {**chosen, "scoring": scoring, "margin": margin, "family": family},
                output,
            )
        else:
            path = f"/api/v1/results/{ids[0]}/export"
            _download(api, path, {"format": fmt, "scoring": scoring}, output)


def _download(api: Api, path: str, params: dict[str, Query], output: Path | None) -> None:
    """Write what the API sends to a file, which appears once it is whole, or to standard output."""
    with api.http.stream("GET", path, params=params, timeout=_BUNDLE_TIMEOUT_S) as response:
        if response.is_error:
            response.read()
            raise error_of(response)
        if output is None:
            for piece in response.iter_bytes():
                typer.get_binary_stream("stdout").write(piece)
            return
        partial = output.with_name(f"{output.name}.partial")
        try:
            with partial.open("wb") as file:
                for piece in response.iter_bytes():
                    file.write(piece)
        except OSError as error:
            raise fail(f"Cannot write {output}: {error.strerror}.") from error
        partial.replace(output)
        say(f"wrote {output}")

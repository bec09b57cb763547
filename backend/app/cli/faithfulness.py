"""Commands about judges of faithfulness. They run in this process, without the platform."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.client import JsonOption, fail
from app.core.config import PROJECT_ROOT
from app.schemas.experiment_config import NLI_MODEL

app = typer.Typer(help="Measure judges of faithfulness.", no_args_is_help=True)

_SHIPPED = PROJECT_ROOT / "data" / "faithfulness" / "pairs.jsonl"


@app.callback()
def _group() -> None:
    """Make `validate` a subcommand, although it is the only one."""


@app.command()
def validate(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSONL with context (or passages), question, answer, label; or a TSV file of BEGIN."
        ),
    ] = _SHIPPED,
    judge: Annotated[
        Literal["nli", "llm"],
        typer.Option(help="nli: an NLI model in this process; llm: a model of the catalog."),
    ] = "nli",
    model: Annotated[
        str, typer.Option(help="nli: folder, or id on the hub; llm: provider/model.")
    ] = NLI_MODEL,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the result: reports show it beside what the judge says.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Measure a judge on labelled answers: accuracy, kappa, AUC, and whether it beats word overlap."""
    if judge == "llm" and model == NLI_MODEL:
        raise fail("Give the model of the judge with --model, as provider/model.")
    from app.cli.judge_validation import measure  # with the models' libraries, which take seconds to import

    measure(file, judge, model, save=save, json=json)

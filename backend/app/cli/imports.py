"""The command that imports other harnesses' results."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.client import JsonOption, connected, input_told, say
from app.cli.render import print_json
from app.client.uploads import TIMEOUT_S, log_files, opened
from app.schemas.imported import ImportedOut


def import_(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…",
            help="Inspect's .eval or .json; samples_….jsonl and results_….json of lm-evaluation-harness, "
            "their folder, or a zip of both; promptfoo's .json or .jsonl; or JSONL or CSV with questions "
            "and outputs.",
        ),
    ],
    dataset: Annotated[
        str,
        typer.Option(
            help="The dataset whose questions were asked: found by their text, or by their ids. A new one is "
            "made if there is none of this name."
        ),
    ] = "",
    scoring: Annotated[
        str,
        typer.Option(help="For a new dataset: squad (default), triviaqa, hotpotqa, gsm8k or multilingual."),
    ] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Of a plain file, where a field is: --map question=input --map output=response "
            "--map score.accuracy=correct.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Import results of other harnesses, to be compared, judged and scored again like those made here."""
    form = {"dataset": dataset, "scoring": scoring, "map": columns or []}
    with input_told(), opened(log_files(paths)) as files, connected() as api:
        done = api.post("/imports", list[ImportedOut], data=form, files=files, timeout=TIMEOUT_S)
    if json:
        print_json(done)
        return
    for one in done:
        _show(one)
    ids = " ".join(str(one.experiment_id)[:8] for one in done)
    say(f"\nCompare: llmforge compare {ids}{' ID' if len(done) == 1 else ''}")


def _show(one: ImportedOut) -> None:
    what = "imported" if one.created else "was there already"
    say(f"{str(one.experiment_id)[:8]}  {escape(one.name)}: {what}")
    failed = f", {one.failed:,} of them failed" if one.failed else ""
    by = "" if one.paired_by == "content" else ", found by their ids"
    say(
        f"          {escape(one.model)} · {one.answers:,} answers{failed} to {one.questions:,} questions of "
        f"{escape(one.dataset)}{by}"
    )
    for pair in one.agreement:
        differ = pair.only_theirs + pair.only_ours
        total = pair.both + pair.neither + differ
        verdict = f"differ on {differ:,} of {total:,}" if differ else f"agree on all {total:,}"
        say(f"          {escape(pair.theirs_label)} and {pair.ours_label} {verdict}")

"""The ``llmforge`` command: a client of the API, and the launcher of the platform."""

import typer

from app.cli import (
    annotations,
    bench,
    bundles,
    comparisons,
    database,
    datasets,
    demo,
    experiments,
    exports,
    faithfulness,
    gate,
    history,
    imports,
    knowledge,
    labels,
    mcp,
    repeats,
    report,
    scorings,
    spending,
    storage,
    system,
    traces,
)
from app.core.config import get_settings
from app.core.logging import configure_logging

app = typer.Typer(
    name="llmforge",
    help="A lab for choosing how to use a language model, with evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(experiments.run)
app.command("list")(experiments.list_)
app.command()(experiments.show)
app.command()(exports.export)
app.command()(experiments.cancel)
app.command()(experiments.resume)
app.command()(annotations.edit)
app.command()(annotations.archive)
app.command()(annotations.unarchive)
app.command()(experiments.retry_failed)
app.command()(scorings.rescore)
app.command()(scorings.scorings)
app.command()(traces.traces)
app.command()(comparisons.compare)
app.command()(repeats.repeats)
app.command()(history.history)
app.command()(report.report)
app.command("import")(imports.import_)
app.command()(bundles.verify)
app.command()(gate.gate)
app.command()(bench.bench)
app.command()(mcp.mcp)
app.add_typer(datasets.app, name="datasets")
app.add_typer(knowledge.app, name="kb")
app.add_typer(labels.app, name="labels")
app.add_typer(faithfulness.app, name="faithfulness")
app.command()(system.models)
app.command()(system.doctor)
app.command()(system.up)
app.command()(demo.demo)
app.command()(system.worker)
app.command()(system.api)
app.command()(spending.spending)
app.command()(storage.prune)
app.command()(database.backup)
app.command()(database.restore)
app.command()(database.move)


def main() -> None:
    """Run the command line."""
    settings = get_settings()
    configure_logging("WARNING", settings.log_format)
    app()

"""Commands that name, tag, annotate and archive experiments."""

from collections.abc import Sequence
from typing import Annotated

import typer

from app.cli.client import JsonOption, connected, fail, say
from app.cli.render import print_json, short
from app.client.api import Api, ApiError
from app.domain.json import JsonObject
from app.schemas.experiment import ExperimentOut

IdsArgument = Annotated[list[str], typer.Argument(help="Ids, or their first characters.", metavar="ID...")]


def edit(
    ids: IdsArgument,
    name: Annotated[str | None, typer.Option(help="Another name; of one experiment only.")] = None,
    add_tag: Annotated[list[str] | None, typer.Option(help="A tag to add; may be repeated.")] = None,
    remove_tag: Annotated[list[str] | None, typer.Option(help="A tag to remove; may be repeated.")] = None,
    notes: Annotated[str | None, typer.Option(help="Plain text, in place of the notes; - reads it.")] = None,
    json: JsonOption = False,
) -> None:
    """Rename, tag or annotate experiments, running ones too.

    Configuration, its hash and provenance stay as they are. `--notes -` reads standard input. Exit code 0
    only if every experiment was changed.
    """
    if name is not None and len(ids) > 1:
        raise fail("--name is for one experiment.", "Names tell experiments apart.", code=2)
    text = typer.get_text_stream("stdin").read() if notes == "-" else notes
    given: JsonObject = {"name": name, "add_tags": add_tag, "remove_tags": remove_tag, "notes": text}
    body = {field: value for field, value in given.items() if value is not None}
    if not body:
        raise fail("There is nothing to change.", "Give --name, --add-tag, --remove-tag or --notes.", code=2)
    _change(ids, body, "changed", as_json=json)


def archive(ids: IdsArgument, json: JsonOption = False) -> None:
    """Leave experiments out of lists; they can be shown, compared and exported as before."""
    _change(ids, {"archived": True}, "archived", as_json=json)


def unarchive(ids: IdsArgument, json: JsonOption = False) -> None:
    """Put archived experiments back into lists."""
    _change(ids, {"archived": False}, "unarchived", as_json=json)


def tag_all(api: Api, experiments: Sequence[ExperimentOut], tags: Sequence[str] | None) -> None:
    """Add tags to experiments that were created together."""
    for experiment in experiments if tags else ():
        api.send("PATCH", f"/experiments/{experiment.id}", json={"add_tags": list(tags or ())})


def _change(ids: Sequence[str], body: JsonObject, done: str, *, as_json: bool) -> None:
    changed: list[ExperimentOut] = []
    with connected(start=False) as api:
        resolved = [api.resolve(one) for one in ids]
        for experiment_id in resolved:
            try:
                experiment = api.patch(f"/experiments/{experiment_id}", ExperimentOut, json=body)
            except ApiError as error:
                if len(resolved) == 1:
                    raise
                problems = "; ".join(f"{one.field}: {one.message}" for one in error.body.errors)
                say(f"refused {short(experiment_id)}: {error.body.message} {problems}".rstrip())
                continue
            changed.append(experiment)
            if not as_json:
                tags = f" [{', '.join(experiment.tags)}]" if experiment.tags else ""
                say(f"{done} {short(experiment_id)}: {experiment.name}{tags}")
    if as_json:
        print_json(changed)
    if len(changed) < len(resolved):
        raise typer.Exit(1)

"""Commands about the whole database: backup, restore, move.

They work on it directly, with the platform running or not: what they are for is when it cannot run.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import typer

from app.cli.client import fail, say
from app.cli.signals import signals_interrupt
from app.core.config import Settings, get_settings
from app.core.errors import AppError
from app.core.platform_state import platform_url
from app.core.processes import ProcessError
from app.core.redaction import redact
from app.services.backup.archive import NOT_INCLUDED, Manifest, Version

_EMBEDDED = "embedded"

ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Remove what is in the database that is filled, for good.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask before removing anything.")]


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, such as llmforge-2026-05-01.zip.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")] = False,
) -> None:
    """Write the whole database into one file: one consistent state, also while experiments run.

    Works with the embedded server and with DATABASE_URL. The file holds prompts and answers, and can be
    read by its owner only.
    """
    if file.exists() and not force:
        raise fail(f"{file} exists.", "Choose another name, or --force to replace it.")
    if not file.absolute().parent.is_dir():  # a disk that is not mounted, say
        raise fail(f"The folder {file.absolute().parent} does not exist.", "Make it, or name another one.")
    from app.services.backup.service import back_up

    settings = get_settings()
    with _told(), _database(settings) as url:
        manifest = asyncio.run(back_up(url, file, say))
    say(f"{file}: {file.stat().st_size / 1e6:,.1f} MB, {_described(manifest)}")
    say("not in it: " + "; ".join(NOT_INCLUDED))


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `llmforge backup` has written.")],
    replace: ReplaceOption = False,
    yes: YesOption = False,
) -> None:
    """Fill an empty database from a backup; experiments that were running then go on.

    The database is filled in one step: if anything goes wrong, it stays as it was. A backup of an earlier
    version is brought up to date.
    """
    from app.services.backup.service import restore as fill

    settings = get_settings()
    _confirm(replace, yes, "the database of this platform")
    with _told(), _database(settings) as url:
        manifest = asyncio.run(fill(url, file, _shipped(settings), replace=replace, say=say))
    say(f"restored {_described(manifest)}")
    _wake_up(settings)
    say("not in a backup, and so not restored: " + "; ".join(NOT_INCLUDED))


def move(
    to: Annotated[
        str,
        typer.Option(
            envvar="LLMFORGE_MOVE_TO",
            help="URL of the Postgres to fill, or `embedded`. In the environment the password is not seen by "
            "other users of this machine.",
        ),
    ],
    replace: ReplaceOption = False,
    yes: YesOption = False,
) -> None:
    """Copy the database into another Postgres, and say how to use that from then on.

    From the embedded server to another, or from DATABASE_URL. The source is not changed.
    """
    from app.services.backup.service import move as copy

    settings = get_settings()
    source = settings.database_url.get_secret_value()
    if to in {source or _EMBEDDED, source}:
        raise fail("The database is there already.", "Give the URL of another one.")
    _confirm(replace, yes, "that database")
    if (running := platform_url(settings.home)) is not None:
        say(f"note: the platform at {running} runs. What it writes from now on is not moved: better stop it.")
    with _told(), _database(settings) as source_url:
        with _server(settings, "" if to == _EMBEDDED else to) as target_url:
            tables, at_work = asyncio.run(
                copy(source_url, target_url, _shipped(settings), replace=replace, say=say)
            )
    say(f"moved {sum(table.rows for table in tables):,} rows of {len(tables)} tables; all have arrived")
    if at_work:
        say("An experiment was running: what was answered after this moment is in the old database only.")
    if to == _EMBEDDED:
        say("To use it: remove DATABASE_URL from .env, and start the platform again.")
    else:
        address = _without_password(to)
        say(f"To use it, put this into .env and start the platform again:\nDATABASE_URL={address}")


def _wake_up(settings: Settings) -> None:
    """Let a platform that is running look at the database: it may be asleep, and has work again."""
    url = platform_url(settings.home)
    if url is not None:
        with suppress(httpx.HTTPError):
            headers = {"x-api-key": settings.client_key}
            httpx.get(f"{url}/api/v1/overview", headers=headers, timeout=10, trust_env=False)


def _confirm(replace: bool, yes: bool, what: str) -> None:
    if replace and not yes:
        say(f"Everything in {what} will be removed for good.")
        if typer.prompt("Type 'replace' to go on", err=True) != "replace":
            raise fail("Nothing was changed.")


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """Give the URL of the configured database; other commands may use an API that has another one."""
    api, given = os.environ.get("LLMFORGE_API_URL", ""), settings.database_url.get_secret_value()
    if api and not given:
        say(f"note: this is about the embedded database in {settings.home}, and not about that of {api}")
    with _server(settings, given) as url:
        yield url


@contextmanager
def _server(settings: Settings, url: str) -> Iterator[str]:
    if url:
        yield url
        return
    from app.core.embedded.database import embedded_database

    with embedded_database(settings.home, say) as embedded:
        yield embedded


@contextmanager
def _told() -> Iterator[None]:
    """Print errors, and end the command with exit code 1."""
    with signals_interrupt():
        try:
            yield
        except AppError as error:
            raise fail(redact(error.message), redact(error.hint)) from error
        except (ProcessError, ValueError) as error:
            raise fail(redact(str(error))) from error
        except KeyboardInterrupt:
            raise fail("Stopped; nothing was changed.", code=130) from None


def _shipped(settings: Settings) -> set[Version]:
    from app.services.datasets.service import builtin_versions as datasets
    from app.services.knowledge.service import builtin_versions as knowledge

    return {("datasets", *one) for one in datasets(settings.datasets_dir)} | {
        ("knowledge_bases", *one) for one in knowledge(settings.knowledge_dir)
    }


def _described(manifest: Manifest) -> str:
    return (
        f"{manifest.rows:,} rows of {len(manifest.tables)} tables, taken on "
        f"{manifest.created_at:%Y-%m-%d %H:%M} UTC (schema {manifest.revision})"
    )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.partition(':')[0]}:PASSWORD@{host}").geturl()

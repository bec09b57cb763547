"""What commands share: they find or start the API, call it, and print its errors."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated

import httpx
import typer

from app.client.address import configured_url
from app.client.api import Api, ApiError, OtherVersion
from app.client.errors import UnusableInput
from app.core.config import Settings, get_settings
from app.core.processes import ProcessError
from app.core.visible import visible

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def say(text: str) -> None:
    """Print a message for a person to stderr, apart from the command's output."""
    sys.stderr.write(f"{visible(text)}\n")
    sys.stderr.flush()


class Failure(typer.Exit):
    """The end of a command with an error that was printed: ``message``, and ``hint`` on what to do."""

    def __init__(self, message: str, hint: str, code: int) -> None:
        super().__init__(code)
        self.message = message
        self.hint = hint


def fail(message: str, hint: str = "", code: int = 1) -> Failure:
    """Print an error and return the exception that ends the command with ``code``."""
    say(f"error: {message}" + (f"\n       {hint}" if hint else ""))
    return Failure(message, hint, code)


def refused(error: UnusableInput) -> typer.Exit:
    """Print what is wrong with what was given, and return the exception that ends the command."""
    for problem in error.errors:
        say(f"  {problem.field}: {problem.message}")
    return fail(error.message, error.hint)


@contextmanager
def input_told() -> Iterator[None]:
    """Print what is wrong with what was given, and end the command with exit code 1."""
    try:
        yield
    except UnusableInput as error:
        raise refused(error) from error


@contextmanager
def connected(*, start: bool = True) -> Iterator[Api]:
    """Connect to the configured API, or the running one, or one that is started for this command.

    Errors of the API and of the connection are printed and end the command with exit code 1.
    """
    settings = get_settings()
    url = configured_url(settings)
    if url is None and not start:
        raise fail("No platform is running.", "Start it with `llmforge up`.")
    with (
        nullcontext(url) if url is not None else _started(settings) as url,
        errors_told(url),
        Api(url, settings.client_key) as api,
    ):
        yield api


@contextmanager
def _started(settings: Settings) -> Iterator[str]:
    """Start a platform for one command, and give its URL."""
    from app.launcher import Platform  # a platform takes a second to import, a request does not need it

    platform = Platform(settings, say)
    try:
        platform.start()
        say(f"until this command ends, the platform answers at {platform.url}/")
        yield platform.url
    except ProcessError as error:
        raise fail(str(error)) from error
    finally:
        platform.stop()


@contextmanager
def errors_told(url: str) -> Iterator[None]:
    """Print errors of the API and of the connection, and end the command with exit code 1."""
    try:
        with input_told():
            yield
    except ApiError as error:
        for problem in error.body.errors:
            say(f"  {problem.field}: {problem.message}")
        raise fail(error.body.message, error.body.hint) from error
    except OtherVersion as error:
        raise fail(
            f"The API at {url} has another version ({error}).", "Use the same version on both sides."
        ) from error
    except httpx.TransportError as error:
        raise fail(
            f"The API at {url} does not answer ({type(error).__name__}).",
            "`llmforge doctor` shows what is wrong.",
        ) from error

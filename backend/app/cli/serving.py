"""A platform of this command: started, kept running, its addresses, its page in a browser."""

import os
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.cli.client import fail, say
from app.cli.render import console
from app.cli.signals import signals_interrupt
from app.core.config import get_settings
from app.core.platform_state import platform_url
from app.core.processes import ProcessError

if TYPE_CHECKING:
    from app.launcher import Platform


@contextmanager
def serving(*, patient: bool = False) -> Iterator["Platform"]:
    """Start the platform, and stop it at the end or when the user interrupts.

    Args:
        patient: see ``app.launcher.Platform``.

    Raises:
        typer.Exit: after saying why, if it is running already or a process does not start.
    """
    from app.launcher import Platform  # what a platform is made of takes a second to import

    settings = get_settings()
    running = platform_url(settings.home)
    if running is not None:
        raise fail(f"The platform is already running at {running}.")
    platform = Platform(settings, say, fixed_port="port" in settings.model_fields_set, patient=patient)
    with signals_interrupt():
        try:
            platform.start()
            yield platform
        except ProcessError as error:
            raise fail(str(error)) from error
        except KeyboardInterrupt:
            say("\nstopping")
        finally:
            platform.stop()


def dashboard_is_built() -> bool:
    """Return whether the API serves pages, too."""
    return (get_settings().dashboard_dir / "index.html").exists()


def print_addresses(url: str) -> None:
    """Print where the platform answers, and how to stop it."""
    dashboard = (
        f"{url}/" if dashboard_is_built() else "not built (`make up` builds it, with Node 20.9 or newer)"
    )
    rows = {
        "dashboard": dashboard,
        "API": f"{url}/api/v1",
        "API manual": f"{url}/docs",
        "guide": f"{url}/guide/",
    }
    lines = [*(f"{name:<11} {address}" for name, address in rows.items()), "", "Ctrl-C stops everything."]
    console.print("\n".join(lines), highlight=False, soft_wrap=True)


def open_browser(url: str) -> None:
    """Open a page of the dashboard in a browser, except in a pipe, over SSH, or without a screen."""
    screen = (
        sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    if dashboard_is_built() and screen and sys.stdout.isatty() and "SSH_CONNECTION" not in os.environ:
        webbrowser.open(url)

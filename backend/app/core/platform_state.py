"""Whether a platform runs on a state folder, and where its API answers.

It is read by every command, so that nothing heavy is imported here.
"""

import json
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil

STATE_FILE = "platform.json"
"""File in the state folder that a running platform keeps, with its process and its URL."""

LOCK_FILE = "platform.lock"
"""File in the state folder that is locked by whoever runs its embedded servers."""


def platform_url(home: Path) -> str | None:
    """Return the URL of the platform that uses the state folder ``home``; ``None`` if none is running."""
    with suppress(OSError, ValueError, KeyError):
        state = json.loads((home / STATE_FILE).read_text())
        # One that was killed leaves the file, and another folder's platform may answer at its port.
        if psutil.pid_exists(int(state["pid"])) and answers(url := str(state["url"])):
            return url
    return None


def answers(url: str, timeout_s: float = 2.0) -> bool:
    """Return whether an API answers at ``url``; of an earlier version also one that asks for a key."""
    try:
        with urllib.request.urlopen(f"{url}/health/live", timeout=timeout_s) as response:  # noqa: S310
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        return error.code == 401
    except (OSError, ValueError):
        return False

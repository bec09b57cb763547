"""The dashboard: a static export of the frontend, served at all paths outside of the API.

The files contain no data; the data that they show come from the API, which needs the key.
"""

import os
import stat
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.site import Site

GUIDE_PATH = "/guide"
_API_PATHS = ("/api", "/health", "/metrics", "/docs", "/redoc", "/openapi.json")
_HASHED = ("_next", "static")  # names of files in this folder change with their content
_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LlmForge: the dashboard is not built</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem; }
</style>
<h1>The dashboard is not built</h1>
<p>The API works. To build the dashboard, run <code>make up</code> in the project's folder (it needs
Node.js), then load this page again.</p>
<p>Without it: <a href="/guide/">the guide</a>, <a href="/docs">the API's documentation</a>, or the command
<code>llmforge</code>.</p>
</html>
"""


def is_dashboard(scope: Scope) -> bool:
    """Return whether a request asks for a file of the dashboard, and not for a path of the API."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    path = "/" + path.lstrip("/")
    of_api = any(path == prefix or path.startswith(f"{prefix}/") for prefix in _API_PATHS)
    return scope["method"] in {"GET", "HEAD"} and not of_api


class Dashboard(Site):
    """Serves the files of the dashboard.

    Args:
        directory: the export; it may not exist yet.
        frame_ancestors: sources of pages that may show it in a frame, as its policy names them.
        guide: what answers paths at and below ``/guide``.
    """

    def __init__(self, directory: Path, frame_ancestors: str, guide: ASGIApp) -> None:
        self._guide = guide
        super().__init__(directory, frame_ancestors, _NOT_BUILT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file; raise 404 for paths of the API, which answers with its own error."""
        if scope["type"] == "http" and not is_dashboard(scope):
            raise HTTPException(404)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path == GUIDE_PATH or path.startswith(f"{GUIDE_PATH}/"):
            below = {**scope, "root_path": scope.get("root_path", "") + GUIDE_PATH}
            await self._guide(below, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find a file; a folder is answered with its ``index.html``, with or without a trailing slash."""
        found, info = super().lookup_path(path)
        if info is not None and stat.S_ISDIR(info.st_mode):
            return super().lookup_path(f"{path}/index.html")
        return found, info

    def lasts(self, path: str) -> bool:
        """Return whether a file is below the folder whose names change with the content."""
        return Path(path).parts[:2] == _HASHED

"""The dashboard: a static export of the frontend, served at all paths outside of the API.

The files contain no data and need no key; the data that they show come from the API, which needs it.
Files are looked up at each request, so a dashboard that is built while the API runs is served at once.
"""

import os
import stat
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

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


class Dashboard(StaticFiles):
    """Serves the files of the dashboard with caching headers and a content security policy.

    Args:
        directory: the export; it may not exist yet.
        frame_ancestors: sources of pages that may show it in a frame, as its policy names them.
        guide: what answers paths at and below ``/guide``.
    """

    def __init__(self, directory: Path, frame_ancestors: str, guide: ASGIApp) -> None:
        self._policy = content_policy(frame_ancestors)
        self._guide = guide
        super().__init__(directory=directory, html=True, check_dir=False)
        self.config_checked = True  # Starlette's own check fails if the folder does not exist

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

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the answer for a path, with its headers."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if path != "." or error.status_code != 404:
                raise
            response = HTMLResponse(_NOT_BUILT)
        hashed = Path(path).parts[:2] == _HASHED and response.status_code != 404
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        response.headers["content-security-policy"] = self._policy
        return response


def content_policy(frame_ancestors: str) -> str:
    """Return the content security policy of all files.

    Pages have no inline scripts: the build moves them into files. ``deploy/vercel/vercel.json`` has the same
    policy for dashboards whose API is elsewhere.
    """
    return "; ".join(
        [
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            f"frame-ancestors {frame_ancestors}",
            "base-uri 'none'",
            "form-action 'self'",
            "object-src 'none'",
        ]
    )

"""The guide: ``docs/`` as a static site with search, served at ``/guide/``; ``tools/guide.py`` builds it.

Its files contain no data and need no key. Files are looked up at each request, so a guide that is built while
the API runs is served at once.
"""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.api.dashboard import content_policy

_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LlmForge: the guide is not built</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem; }
</style>
<h1>The guide is not built</h1>
<p>All else works. To build the guide, run <code>make guide</code> in the project's folder, then load this
page again. The same pages are Markdown files in the folder <code>docs</code>.</p>
<p><a href="/">Dashboard</a>, <a href="/docs">the API's documentation</a>.</p>
</html>
"""


class Guide(StaticFiles):
    """Serves the files of the guide with the dashboard's content security policy.

    A folder without a trailing slash is redirected to the path with one, since links in pages are relative.

    Args:
        directory: the built site; it may not exist yet.
        frame_ancestors: sources of pages that may show it in a frame, as its policy names them.
    """

    def __init__(self, directory: Path, frame_ancestors: str) -> None:
        self._policy = content_policy(frame_ancestors)
        self._index = directory / "index.html"
        super().__init__(directory=directory, html=True, check_dir=False)
        self.config_checked = True  # Starlette's own check fails if the folder does not exist

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the answer for a path, with its headers."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or self._index.exists():
                raise
            response = HTMLResponse(_NOT_BUILT, 200 if path == "." else 404)
        response.headers["cache-control"] = "no-cache"
        response.headers["content-security-policy"] = self._policy
        return response

"""A folder of pages that were built, served beside the API: what the dashboard and the guide share.

The files contain no data and need no key. They are looked up at each request, so that a folder which is built
while the API runs is served at once.
"""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_NOT_FOUND = 404


class Site(StaticFiles):
    """Serves the files of a folder with caching headers and a content security policy.

    Args:
        directory: the folder; it may not exist yet.
        frame_ancestors: sources of pages that may show it in a frame, as its policy names them.
        not_built: the page that is shown at its root as long as it has none.
        everywhere: show it at all paths below as well.
    """

    def __init__(
        self, directory: Path, frame_ancestors: str, not_built: str, *, everywhere: bool = False
    ) -> None:
        self._policy = content_policy(frame_ancestors)
        self._index = directory / "index.html"
        self._not_built = not_built
        self._everywhere = everywhere
        super().__init__(directory=directory, html=True, check_dir=False)
        self.config_checked = True  # Starlette's own check fails if the folder does not exist

    def lasts(self, path: str) -> bool:  # noqa: ARG002 - of paths that a subclass knows
        """Return whether the name of a file changes with its content, so that it may be kept for ever."""
        return False

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the answer for a path, with its headers."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            missing = error.status_code == _NOT_FOUND and not self._index.exists()
            if not missing or (path != "." and not self._everywhere):
                raise
            response = HTMLResponse(self._not_built, 200 if path == "." else _NOT_FOUND)
        kept = self.lasts(path) and response.status_code != _NOT_FOUND
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
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

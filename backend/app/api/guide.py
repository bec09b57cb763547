"""The guide: ``docs/`` as a static site with search, served at ``/guide/``; ``tools/guide.py`` builds it."""

from pathlib import Path

from app.api.site import Site

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


class Guide(Site):
    """Serves the files of the guide, with the dashboard's content security policy.

    A folder without a trailing slash is redirected to the path with one, since links in pages are relative.

    Args:
        directory: the built site; it may not exist yet.
        frame_ancestors: sources of pages that may show it in a frame, as its policy names them.
    """

    def __init__(self, directory: Path, frame_ancestors: str) -> None:
        super().__init__(directory, frame_ancestors, _NOT_BUILT, everywhere=True)

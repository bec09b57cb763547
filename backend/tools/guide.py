"""Builds the guide, ``docs/`` as a static site, into ``site/``: ``python -m tools.guide``.

Zensical makes the pages; here their inline scripts are moved into files, so that the content security policy
of the dashboard, ``script-src 'self'``, holds for them, too: the dashboard keeps the API's key at the same
origin.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "site"
_SCRIPTS = Path("assets", "inline")
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_FROM_ROOT = re.compile(r'(\b(?:href|src)="|"(?:base|search)":")/(?!/)')


def with_scripts_in_files(html: str, base: str) -> tuple[str, dict[str, str]]:
    """Return a page without inline scripts, and their files: name to code.

    Scripts that are data (with a type) stay: no policy forbids them.

    Args:
        html: the page.
        base: the way from the page to the site's root, as ``../..``.
    """
    files: dict[str, str] = {}

    def moved(found: re.Match[str]) -> str:
        code = found[1].strip()
        name = hashlib.sha256(code.encode()).hexdigest()[:16] + ".js"
        files[name] = code
        return f'<script src="{base}/{_SCRIPTS.as_posix()}/{name}"></script>'

    return _INLINE.sub(moved, html), files


def finish(site: Path) -> None:
    """Rewrite all pages of a built site."""
    folder = site / _SCRIPTS
    folder.mkdir(parents=True, exist_ok=True)
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        base = "/".join([".."] * (len(page.relative_to(site).parts) - 1)) or "."
        if page.name == "404.html":  # is shown at any path, so its links start at the server's root
            base, html = "/guide", _FROM_ROOT.sub(r"\1/guide/", html)
        html, files = with_scripts_in_files(html, base)
        page.write_text(html, encoding="utf-8")
        for name, code in files.items():
            (folder / name).write_text(code, encoding="utf-8")


def main() -> int:
    """Build the site; return the exit code."""
    program = Path(sys.executable).with_name("zensical")
    command = [str(program), "build", "--clean", "--strict", "--config-file", str(ROOT / "zensical.toml")]
    shutil.rmtree(SITE, ignore_errors=True)
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if built.returncode != 0:
        sys.stderr.write(built.stdout + built.stderr)
        return 1
    finish(SITE)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

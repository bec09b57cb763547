"""Builds the guide, ``docs/`` as a static site, into ``site/``: ``python -m tools.guide``.

Zensical makes the pages; here their inline scripts are moved into files, so that the content security policy
of the dashboard, ``script-src 'self'``, holds for them, too: the dashboard keeps the API's key at the same
origin. Diagrams are drawn by Mermaid in the browser, whose script is served with the site. The first build
fetches it; where npm or the network is missing then, diagrams stay as their source.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "site"
_SCRIPTS = Path("assets", "inline")
MERMAID = "mermaid-12.3.0"
"""Name and version of the npm package; the Dockerfile has the same."""
_MERMAID_SHA256 = "336df803d87a38b70a01e736e666c8f7601d2ce42f5e47c8fafe5d721074b9a3"
_PACKAGES = ROOT / ".cache"
_MERMAID_SCRIPT = Path("assets", "mermaid.min.js")
_DIAGRAM = '<pre class="mermaid">'
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_FROM_ROOT = re.compile(r'(\b(?:href|src)="|"(?:base|search)":")/(?!/)')


def with_scripts_in_files(page: str, base: str) -> tuple[str, dict[str, str]]:
    """Return a page without inline scripts, and their files: name to code.

    Scripts that are data (with a type) stay: no policy forbids them.

    Args:
        page: the page.
        base: the way from the page to the site's root, as ``../..``.
    """
    files: dict[str, str] = {}

    def moved(found: re.Match[str]) -> str:
        code = found[1].strip()
        name = hashlib.sha256(code.encode()).hexdigest()[:16] + ".js"
        files[name] = code
        return f'<script src="{base}/{_SCRIPTS.as_posix()}/{name}"></script>'

    return _INLINE.sub(moved, page), files


def with_diagrams(page: str, base: str, *, drawn: bool) -> str:
    """Return a page with the script that draws its diagrams, if it has any.

    Args:
        page: the page.
        base: the way from the page to the site's root.
        drawn: whether the site has the script. Else the diagrams become code: Zensical's own script would ask
            another server for it.
    """
    if _DIAGRAM not in page:
        return page
    if not drawn:
        return page.replace(_DIAGRAM, "<pre>")
    return page.replace("</body>", f'<script src="{base}/{_MERMAID_SCRIPT.as_posix()}"></script>\n</body>')


def mermaid_script() -> bytes | None:
    """Return the script of Mermaid from its npm package, fetched once; ``None`` if it cannot be had.

    Raises:
        ValueError: if it is not the script that it should be.
    """
    package = _PACKAGES / f"{MERMAID}.tgz"
    npm = shutil.which("npm")
    if not package.exists() and npm is not None:
        _PACKAGES.mkdir(exist_ok=True)
        name = "@".join(MERMAID.rsplit("-", 1))
        command = [npm, "pack", "--silent", "--pack-destination", str(_PACKAGES), name]
        subprocess.run(command, cwd=_PACKAGES, capture_output=True, check=False)
    if not package.exists():
        return None
    with tarfile.open(package) as archive:
        member = archive.extractfile("package/dist/mermaid.min.js")
        script = member.read() if member else b""
    if hashlib.sha256(script).hexdigest() != _MERMAID_SHA256:
        raise ValueError(f"{package} does not hold the script of {MERMAID}: delete it.")
    return script


def finish(site: Path, mermaid: bytes | None) -> None:
    """Rewrite all pages of a built site.

    Args:
        site: its folder.
        mermaid: script that draws diagrams; ``None`` leaves them as their source.
    """
    folder = site / _SCRIPTS
    folder.mkdir(parents=True, exist_ok=True)
    if mermaid is not None:
        (site / _MERMAID_SCRIPT).write_bytes(mermaid)
    for file in site.rglob("*.html"):
        page = file.read_text(encoding="utf-8")
        base = "/".join([".."] * (len(file.relative_to(site).parts) - 1)) or "."
        if file.name == "404.html":  # is shown at any path, so its links start at the server's root
            base, page = "/guide", _FROM_ROOT.sub(r"\1/guide/", page)
        page, files = with_scripts_in_files(page, base)
        page = with_diagrams(page, base, drawn=mermaid is not None)
        file.write_text(page, encoding="utf-8")
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
    mermaid = mermaid_script()
    if mermaid is None:
        sys.stderr.write("Diagrams of the guide stay as their source: npm or the network is missing.\n")
    finish(SITE, mermaid)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Checks the links of the project's pages: ``python -m tools.links``.

Links to files and folders of the project must exist, those to a page's part (``page.md#part``) must name a
heading there, and every page of ``docs/`` must be reached from the guide's navigation or from a page that is.
Addresses of other servers are not asked.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_HEADING = re.compile(r"^#{1,6} +(.+?)(?: +#+)? *$", re.MULTILINE)
_NAMED = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")


def without_code(text: str) -> str:
    """Return the page without blocks and spans of code, with as many lines."""

    def blank(found: re.Match[str]) -> str:
        return "\n" * found[0].count("\n")

    return _CODE.sub(blank, _FENCE.sub(blank, text))


def slug(heading: str) -> str:
    """Return the anchor of a heading, as hosts of Git and the guide's generator make it."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"[^\w\s-]", "", text.strip().lower())
    return re.sub(r"[-\s]+", "-", text)


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors of a page; a heading that is there again has ``_1`` and so on behind it."""
    text = page.read_text(encoding="utf-8")
    body = _FENCE.sub("", text)
    found: dict[str, int] = {}
    names = set(_NAMED.findall(body))
    for heading in _HEADING.findall(body):
        name = slug(heading)
        count = found[name] = found.get(name, -1) + 1
        names.add(f"{name}_{count}" if count else name)
    return frozenset(names)


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the target of each link."""
    text = without_code(page.read_text(encoding="utf-8"))
    for found in _LINK.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found[1]


def problem(page: Path, target: str, root: Path = ROOT) -> str:
    """Return what is wrong with a link of a page; empty if nothing is."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return ""
    path, _, anchor = target.partition("#")
    file = (page.parent / unquote(path)).resolve() if path else page
    if not file.is_relative_to(root):
        return "leads out of the project"
    if not file.exists():
        return "does not exist"
    if page.is_relative_to(root / "docs") and not file.is_relative_to(root / "docs"):
        return "is not in docs/, so the guide cannot show it"
    if page.is_relative_to(root / "docs") and file.is_dir():
        return "is a folder, which the guide cannot show"
    if anchor and file.suffix == ".md" and anchor not in anchors(file):
        return f"has no heading #{anchor}"
    return ""


def _listed(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from [value] if isinstance(value, str) else _listed(value)


def unreached(root: Path = ROOT) -> list[Path]:
    """Return the pages of ``docs/`` that neither the navigation nor a page that it lists leads to."""
    docs = root / "docs"
    config = tomllib.loads((root / "zensical.toml").read_text(encoding="utf-8"))
    waiting = [docs / name for name in _listed(config["project"]["nav"])]
    reached: set[Path] = set()
    while waiting:
        page = waiting.pop()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        targets = [target.partition("#")[0] for _, target in links(page)]
        waiting += [(page.parent / each).resolve() for each in targets if each.endswith(".md")]
    return sorted(set(docs.rglob("*.md")) - reached)


def main() -> int:
    """Print what is wrong; return the exit code."""
    pages = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    found = [
        f"{page.relative_to(ROOT)}:{line}: {target} {wrong}"
        for page in pages
        for line, target in links(page)
        if (wrong := problem(page, target))
    ]
    found += [f"{page.relative_to(ROOT)}: nothing leads to this page" for page in unreached()]
    sys.stdout.write("\n".join(found or [f"Links of {len(pages)} pages: nothing to mend."]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())

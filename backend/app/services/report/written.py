"""A report as files: Markdown, one HTML file that needs no other, figures, and the numbers."""

import asyncio
import base64
import zipfile
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

from app.core.markdown import plain
from app.services.report.content import Report
from app.services.report.figures.base import Figure

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of the files in an archive: the same report gives the same bytes."""


async def drawn(report: Report) -> dict[str, bytes]:
    """Return the files of a report's figures, drawn in a process of their own.

    Drawing takes seconds, and 100 MB that are of no use afterwards.
    """
    if not report.figures:
        return {}
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return await asyncio.wrap_future(pool.submit(_draw, report.figures))


def _draw(figures: list[Figure]) -> dict[str, bytes]:
    from app.services.report.figures.draw import draw_all  # half a second of imports, in the process alone

    return draw_all(figures)


def files_of(report: Report, pictures: dict[str, bytes]) -> dict[str, bytes]:
    """Return all files of a report by their paths."""
    return {
        "report.md": markdown_of(report).encode(),
        "report.html": html_of(report, pictures).encode(),
        **{f"figures/{name}": content for name, content in pictures.items()},
        **report.attachments,
    }


def archive_of(files: dict[str, bytes]) -> bytes:
    """Return files as a ZIP archive."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def markdown_of(report: Report) -> str:
    """Return a report as Markdown, with its figures beside it."""
    lines = [f"# {plain(report.title)}"]
    for section in report.sections:
        lines += [f"## {section.title}", section.markdown]
        for figure in section.figures:
            lines += [_picture(figure), f"*{plain(figure.caption)}*"]
    return "\n\n".join(lines) + "\n"


def _picture(figure: Figure) -> str:
    from markupsafe import escape

    source = f"figures/{figure.name}"
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{source}-dark.svg">'
        f'<img src="{source}-light.svg" alt="{escape(" ".join(figure.alt.split()))}"></picture>'
    )


def html_of(report: Report, pictures: dict[str, bytes]) -> str:
    """Return a report as one HTML file, in which texts of others can do nothing."""
    from jinja2 import Environment
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_template())
    sections = [
        {
            "title": section.title,
            "text": markdown.render(section.markdown),
            "figures": [
                {"figure": figure, **{name: _data(pictures, figure, name) for name in ("light", "dark")}}
                for figure in section.figures
            ],
        }
        for section in report.sections
    ]
    return template.render(title=report.title, sections=sections)


def _data(pictures: dict[str, bytes], figure: Figure, theme: str) -> str:
    content = pictures[f"{figure.name}-{theme}.svg"]
    return f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}"


@cache
def _template() -> str:
    return Path(__file__).with_name("page.html").read_text(encoding="utf-8")

"""A report as files: Markdown, one HTML file that needs no other, figures, and the numbers."""

import base64
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path

from app.core.markdown import plain
from app.services.report.content import Report
from app.services.report.figures.base import Drawn, Figure

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of the files in an archive: the same report gives the same bytes."""
_NO_FONT = "Boxes stand for characters for which the machine that drew this has no font."


def files_of(report: Report, drawn: Drawn) -> dict[str, bytes]:
    """Return all files of a report by their paths."""
    return {
        "report.md": markdown_of(report, drawn).encode(),
        "report.html": html_of(report, drawn).encode(),
        **{f"figures/{name}": content for name, content in drawn.files.items()},
        **report.attachments,
    }


def archive_of(files: dict[str, bytes]) -> bytes:
    """Return files as a ZIP archive."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def markdown_of(report: Report, drawn: Drawn) -> str:
    """Return a report as Markdown, with its figures beside it."""
    lines = [f"# {plain(report.title)}"]
    for section in report.sections:
        lines += [f"## {section.title}", section.markdown]
        for figure in section.figures:
            lines += [_picture(figure), f"*{plain(_caption(figure, drawn))}*"]
    return "\n\n".join(lines) + "\n"


def _caption(figure: Figure, drawn: Drawn) -> str:
    return f"{figure.caption} {_NO_FONT}" if figure.name in drawn.unreadable else figure.caption


def _picture(figure: Figure) -> str:
    from markupsafe import escape

    source = f"figures/{figure.name}"
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{source}-dark.svg">'
        f'<img src="{source}-light.svg" alt="{escape(" ".join(figure.alt.split()))}"></picture>'
    )


def html_of(report: Report, drawn: Drawn) -> str:
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
                {
                    "figure": figure,
                    "caption": _caption(figure, drawn),
                    **{name: _data(drawn, figure, name) for name in ("light", "dark")},
                }
                for figure in section.figures
            ],
        }
        for section in report.sections
    ]
    return template.render(title=report.title, sections=sections)


def _data(drawn: Drawn, figure: Figure, theme: str) -> str:
    content = drawn.files[f"{figure.name}-{theme}.svg"]
    return f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}"


@cache
def _template() -> str:
    return Path(__file__).with_name("page.html").read_text(encoding="utf-8")

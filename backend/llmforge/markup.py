"""HTML for notebooks. Every text is escaped: names and answers are from others."""

from collections.abc import Sequence
from html import escape

from app.core.visible import visible


def shown(text: str) -> str:
    """Return a text of others as HTML that shows it."""
    return escape(visible(text))


def block(*parts: str) -> str:
    """Return HTML in which a notebook looks for no formulas: a ``$`` in a name would begin one."""
    return f'<div class="tex2jax_ignore mathjax_ignore">{"".join(parts)}</div>'


def title(name: str, beside: str) -> str:
    """Return a heading: a name, and what is said beside it."""
    return f"<p><strong>{shown(name)}</strong> {shown(beside)}</p>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of plain texts."""
    heads = "".join(f"<th>{shown(one)}</th>" for one in head)
    body = "".join(f"<tr>{''.join(f'<td>{shown(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def sentences(lines: Sequence[str], label: str = "") -> str:
    """Return a list of sentences, with a label before each."""
    before = f"<strong>{shown(label)}</strong> " if label else ""
    return f"<ul>{''.join(f'<li>{before}{shown(line)}</li>' for line in lines)}</ul>" if lines else ""


def bar(done: int, total: int, beside: str) -> str:
    """Return a progress bar, and a line beside it."""
    return block(
        f'<progress value="{done}" max="{max(total, 1)}"></progress> {done:,} of {total:,} {shown(beside)}'
    )

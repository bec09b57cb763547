"""Tests of Markdown of texts by others."""

import pytest
from markdown_it import MarkdownIt

from app.core.markdown import code, plain, table

HOSTILE = [
    "<script>alert(1)</script>",
    "[a](javascript:alert(1))",
    "![x](http://tracker.example/x.png)",
    "a | b | c",
    "`code` *bold* __strong__ ~~gone~~ $x^2$",
    "# heading",
    "1. first",
    "- item",
    "> quote",
    "&lt;b&gt; &#60;i&#62;",
    "back\\slash \\* \\",
    "line\n\n# second line",
    "=====",
    "ends the cell \\| and \x1b]0;title\x07",
    "see http://evil.example, www.evil.example or a@evil.example",
]
RENDERER = MarkdownIt("gfm-like", {"linkify": False}).enable("table")


def shown(text: str) -> str:
    """Return what a reader sees of a text of others."""
    from app.core.visible import visible

    return " ".join(visible(text).split())


@pytest.mark.parametrize("text", HOSTILE)
def test_is_shown_as_it_is_in_a_line_and_in_a_cell(text: str) -> None:
    (paragraph,) = RENDERER.parseInline(plain(text))
    assert {token.type for token in paragraph.children or ()} <= {"text", "text_special"}
    assert "".join(token.content for token in paragraph.children or ()) == shown(text)
    tokens = RENDERER.parse("\n".join(table(["head", "other"], [[plain(text), "x"]])))
    cells = [token.content for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    block = RENDERER.parse(plain(text))
    assert [token.type for token in block] == ["paragraph_open", "inline", "paragraph_close"]


@pytest.mark.parametrize("text", [*HOSTILE, "```\nout\n```", "````` \n# out"])
def test_code_cannot_be_ended_by_what_is_in_it(text: str) -> None:
    (token,) = RENDERER.parse(code(text))
    assert token.type == "fence"


@pytest.mark.parametrize("text", ["0.1", "120.0", "a-b", "few-shot, 3 examples", "C#"])
def test_leaves_alone_what_is_harmless(text: str) -> None:
    assert plain(text) == text

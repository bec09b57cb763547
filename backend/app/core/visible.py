"""Control characters made visible, for text of others in terminals, Markdown, XML and CSV files.

A terminal obeys escape sequences: they set its title, clear it, or put a link behind a word. Characters
that change the direction of writing make a text look like another one. XML may hold neither.
"""

_LINES = ("\n", "\t")
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN = {
    **{code: chr(0x2400 + code) for code in range(0x20)},  # ␛ for escape, and so on
    0x7F: "\u2421",
    **{code: f"<U+{code:04X}>" for code in (*range(0x80, 0xA0), *_BIDI, 0xFFFE, 0xFFFF)},
}
_TABLES = {
    keep: {code: shown for code, shown in _SHOWN.items() if chr(code) not in keep}
    for keep in (_LINES, (*_LINES, "\r"))
}


def visible(text: str, *, keep_returns: bool = False) -> str:
    """Return ``text`` with symbols in place of its control characters, but for line feeds and tabs.

    Args:
        text: of others.
        keep_returns: keep carriage returns, too, as a cell of a CSV file may have them.
    """
    return text.translate(_TABLES[(*_LINES, "\r") if keep_returns else _LINES])


def escaped_json(written: str) -> str:
    """Return JSON with escapes in place of the control characters that JSON itself allows.

    In JSON they stand in texts only, so its meaning stays.
    """
    return written.translate(_IN_JSON)


_IN_JSON = {code: f"\\u{code:04x}" for code in _SHOWN if code >= 0x7F}

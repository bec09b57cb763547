"""Control characters made visible, for text of others in terminals, Markdown, XML and CSV files.

A terminal obeys escape sequences: they set its title, clear it, or put a link behind a word. Characters
that change the direction of writing make a text look like another one. XML may hold neither. A language model
also reads what nobody sees: characters without a width can spell out instructions.
"""

import re

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


# Without a width: soft hyphen, spaces and fillers of no width, operators that are not shown, the byte order
# mark, selectors of glyphs beyond those of emoji, and the tag characters, which spell ASCII.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2028\u2029\u2060-\u2065\u206a-\u206f"
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
# Joiners and the two selectors of emoji are a part of many scripts: kept behind a letter of one, two at most.
_JOINERS = re.compile("([^\x00-\x7f\u200c\u200d\ufe0e\ufe0f]?)([\u200c\u200d\ufe0e\ufe0f]+)")
_MOST_JOINERS = 2


def visible_to_models(text: str) -> str:
    """Return ``text`` as ``visible`` does, with what has no width shown as well, for a language model."""
    shown = _UNSEEN.sub(lambda found: _code_points(found[0]), visible(text))
    return _JOINERS.sub(_joined, shown)


def _joined(found: re.Match[str]) -> str:
    before, joiners = found.groups()
    return found[0] if before and len(joiners) <= _MOST_JOINERS else before + _code_points(joiners)


def _code_points(text: str) -> str:
    return "".join(f"<U+{ord(one):04X}>" for one in text)


def escaped_json(written: str) -> str:
    """Return JSON with escapes in place of the control characters that JSON itself allows.

    In JSON they stand in texts only, so its meaning stays.
    """
    return written.translate(_IN_JSON)


_IN_JSON = {code: f"\\u{code:04x}" for code in _SHOWN if code >= 0x7F}

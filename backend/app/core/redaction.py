"""Masks known secrets in log lines, rows and errors.

Providers may echo a key in an error message or an answer. Code that reads a secret registers it here;
texts that are stored or leave the process pass through ``redact``.

A secret is also masked where it is written in base64 (by itself or within a longer text, such as the
header of basic authentication), percent-encoded as in URLs, with the escapes of JSON, or over several
lines. Whoever wants to hide a secret can always think of another code; these are the ones that servers use
by themselves.
"""

import re
from base64 import b64encode
from urllib.parse import unquote

_MASK = "[redacted]"
_MIN_LENGTH = 6  # masking shorter values would hit ordinary words
_JSON_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|([^\\]))")
_PERCENT = re.compile("%[0-9a-fA-F]{2}")
_BREAKS = ("\n", "\r", "\0", "\ufffd")  # the last stands for a NUL where that cannot be stored
_LAYERS = 3  # of percent-encoding within percent-encoding

_plain: list[str] = []  # secrets, and their spellings in base64
_plain_pattern: re.Pattern[str] | None = None
_escaped_pattern: re.Pattern[str] | None = None
_escape_sign: re.Pattern[str] | None = None  # how an escape begins that a secret may be written with
_secrets: set[str] = set()


def register_secret(value: str | None) -> None:
    """Have ``redact`` mask ``value`` from now on; values under 6 characters are ignored."""
    global _plain, _plain_pattern, _escaped_pattern, _escape_sign
    if value is None or len(value) < _MIN_LENGTH or value in _secrets:
        return
    _secrets.add(value)
    # Longest first, so that a secret that contains another is masked whole.
    ordered = sorted(_secrets, key=len, reverse=True)
    _plain = sorted({*ordered, *(form for one in ordered for form in _base64(one))}, key=len, reverse=True)
    _plain_pattern = re.compile("|".join(map(re.escape, _plain)))
    between = f"[{''.join(_BREAKS)}]*"
    _escaped_pattern = re.compile("|".join(between.join(map(_spellings, one)) for one in ordered))
    marks = "".join(sorted({character for one in ordered for character in one if not character.isalnum()}))
    signs = [r"%[0-9a-fA-F]{2}", r"\\u[0-9a-fA-F]{4}", f"[{''.join(_BREAKS)}]"]
    signs += [rf"\\[{re.escape(marks)}]"] if marks else []
    _escape_sign = re.compile("|".join(signs))


def forget_secrets() -> None:
    """Forget all secrets (for tests)."""
    global _plain, _plain_pattern, _escaped_pattern, _escape_sign
    _secrets.clear()
    _plain, _plain_pattern, _escaped_pattern, _escape_sign = [], None, None, None


def redact(text: str) -> str:
    """Return ``text`` with every registered secret replaced by ``[redacted]``."""
    # Searching for plain texts is many times faster than a pattern, and nearly always finds nothing.
    if _plain_pattern is not None and any(one in text for one in _plain):
        text = _plain_pattern.sub(_MASK, text)
    if _escaped_pattern is not None and _escape_sign is not None and _escape_sign.search(text):
        meant = _unescaped(text)
        if any(one in meant for one in _secrets):
            text = _escaped_pattern.sub(_MASK, text)
    return text


def _unescaped(text: str) -> str:
    """Return what a text with escapes means, to find out fast whether it may hold a secret."""
    for one in _BREAKS:
        text = text.replace(one, "")
    if "\\" in text:
        text = _JSON_ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    for _ in range(_LAYERS):
        if not _PERCENT.search(text):
            break
        text = unquote(text)
    return text


def _base64(secret: str) -> set[str]:
    """Return the parts of base64 texts that a secret alone decides, for each place where it may begin."""
    data = secret.encode("utf-8", "replace")
    found = set()
    for before, undecided in ((0, 0), (1, 2), (2, 3)):
        decided = (before + len(data)) * 8 // 6  # its last character also depends on what follows
        written = b64encode(b"\0" * before + data).decode()[undecided:decided]
        found |= {written, written.translate(str.maketrans("+/", "-_"))}
    return {form for form in found if len(form) >= _MIN_LENGTH}


def _spellings(character: str) -> str:
    """Return a pattern for one character: as it is, percent-encoded (also twice), or escaped as in JSON."""
    percent = "".join(f"%(?:25)*{_any_case(f'{byte:02x}')}" for byte in character.encode("utf-8", "replace"))
    forms = [re.escape(character), percent]
    if ord(character) <= 0xFFFF:
        forms.append(rf"\\+u{_any_case(f'{ord(character):04x}')}")
    if not character.isalnum():
        forms.append(rf"\\+{re.escape(character)}")
    return f"(?:{'|'.join(forms)})"


def _any_case(digits: str) -> str:
    return "".join(f"[{one}{one.upper()}]" if one.isalpha() else one for one in digits)

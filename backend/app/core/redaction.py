"""Masks known secrets in log lines, rows and errors.

Providers may echo a key in an error message or an answer. Code that reads a secret registers it here;
texts that are stored or leave the process pass through ``redact``.

A secret is masked as it is and in these spellings, which servers use by themselves or a model plays with:

- base64, by itself or within a longer text, such as the header of basic authentication;
- percent-encoded as in URLs, also twice, and with the escapes of JSON;
- over several lines, or with NUL characters in it.

One of 16 characters or more, as keys of providers are, also

- in upper or lower case, or any mixture of both;
- in hexadecimal, and backwards;
- with spaces, quotes, commas, plus signs or zero-width characters between its characters.

Whoever wants to hide a secret can always think of another code.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import unquote

_MASK = "[redacted]"
_MIN_LENGTH = 6  # masking shorter values would hit ordinary words
_LONG = 16  # characters of a secret that no ordinary text holds by chance, however it is spelt
_JSON_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|([^\\]))")
_PERCENT = re.compile("%[0-9a-fA-F]{2}")
_BREAKS = ("\n", "\r", "\0", "\ufffd")  # the last stands for a NUL where that cannot be stored
_GAPS = (*_BREAKS, " ", "\t", '"', "'", "`", ",", "+", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff")
_MOST_GAPS = 8  # between two characters of a secret
_LAYERS = 3  # of percent-encoding within percent-encoding


class _Secrets:
    """The registered secrets, and how they are looked for.

    Attributes:
        exact: what is looked for as it is: secrets and their spellings in base64.
        any_case: what is looked for in lower case: long secrets backwards and in hexadecimal.
        short: secrets that may be escaped, or stand over several lines.
        long: secrets in lower case that, beyond that, may have gaps.
        shortest: characters of the shortest of them: in fewer there can be none.
    """

    def __init__(self, secrets: set[str]) -> None:
        # Longest first, so that a secret that contains another is masked whole.
        ordered = sorted(secrets, key=len, reverse=True)
        long = [one for one in ordered if len(one) >= _LONG]
        short = [one for one in ordered if len(one) < _LONG]
        self.all = secrets
        self.exact = _longest_first({*ordered, *(form for one in ordered for form in _base64(one))})
        hidden = {form.lower() for one in long for form in (one[::-1], one.encode("utf-8", "replace").hex())}
        self.any_case = _longest_first(hidden)
        self.short = short
        self.long = [_without(one, _GAPS).lower() for one in long]
        self.shortest = min(map(len, (*self.exact, *self.any_case, *self.short, *self.long)))
        self.exact_pattern = _any_of(map(re.escape, self.exact))
        self.any_case_pattern = _any_of(map(re.escape, self.any_case), re.IGNORECASE)
        self.short_pattern = _any_of(_spelt(one, _BREAKS) for one in short)
        self.long_pattern = _any_of((_spelt(one, _GAPS) for one in long), re.IGNORECASE)
        marks = "".join(
            sorted({character for one in ordered for character in one if not character.isalnum()})
        )
        self.json_escape = re.compile(rf"\\(?:u[0-9a-fA-F]{{4}}|[{re.escape(marks)}u])" if marks else r"\\u")


def _longest_first(texts: set[str]) -> list[str]:
    return sorted(texts, key=len, reverse=True)


def _any_of(patterns: Iterable[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    return re.compile("|".join(patterns) or "(?!)", flags)


_known: _Secrets | None = None


def register_secret(value: str | None) -> None:
    """Have ``redact`` mask ``value`` from now on; values under 6 characters are ignored."""
    global _known
    known = _known.all if _known else set()
    if value is not None and len(value) >= _MIN_LENGTH and value not in known:
        _known = _Secrets({*known, value})


def forget_secrets() -> None:
    """Forget all secrets (for tests)."""
    global _known
    _known = None


def redact(text: str) -> str:
    """Return ``text`` with every registered secret replaced by ``[redacted]``."""
    known = _known
    if known is None or len(text) < known.shortest:
        return text
    # Searching for plain texts is many times faster than a pattern, and nearly always finds nothing.
    if _holds(text, known.exact):
        text = known.exact_pattern.sub(_MASK, text)
    if known.any_case and _holds(text.lower(), known.any_case):
        text = known.any_case_pattern.sub(_MASK, text)
    meant = _unescaped(text, known)
    if known.short and _holds(_without(meant, _BREAKS), known.short):
        text = known.short_pattern.sub(_MASK, text)
    if known.long and _holds(_without(meant, _GAPS).lower(), known.long):
        text = known.long_pattern.sub(_MASK, text)
    return text


def _holds(text: str, wanted: list[str]) -> bool:
    for one in wanted:  # noqa: SIM110 - a generator for any() costs as much as the search
        if one in text:
            return True
    return False


def _without(text: str, characters: tuple[str, ...]) -> str:
    for one in characters:
        text = text.replace(one, "")
    return text


def _unescaped(text: str, known: _Secrets) -> str:
    """Return what a text with escapes means, to find out fast whether it may hold a secret."""
    if "\\" in text and known.json_escape.search(text):
        text = _JSON_ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    for _ in range(_LAYERS):
        if "%" not in text or not _PERCENT.search(text):
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


def _spelt(secret: str, gaps: tuple[str, ...]) -> str:
    """Return a pattern for a secret with escapes, and with gaps between its characters."""
    between = f"[{re.escape(''.join(gaps))}]{{0,{_MOST_GAPS}}}"
    return between.join(map(_spellings, secret))


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

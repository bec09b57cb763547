"""Masks known secrets in log lines, rows and errors.

Providers may echo a key in an error message or an answer. Code that reads a secret registers it here;
texts that are stored or leave the process pass through ``redact``.
"""

import re

_MASK = "[redacted]"
_MIN_LENGTH = 6  # masking shorter values would hit ordinary words

_secrets: set[str] = set()
_pattern: re.Pattern[str] | None = None


def register_secret(value: str | None) -> None:
    """Have ``redact`` mask ``value`` from now on; values under 6 characters are ignored."""
    global _pattern
    if value is None or len(value) < _MIN_LENGTH or value in _secrets:
        return
    _secrets.add(value)
    # Longest first, so that a secret that contains another is masked whole.
    _pattern = re.compile("|".join(re.escape(s) for s in sorted(_secrets, key=len, reverse=True)))


def forget_secrets() -> None:
    """Forget all secrets (for tests)."""
    global _pattern
    _secrets.clear()
    _pattern = None


def redact(text: str) -> str:
    """Return ``text`` with every registered secret replaced by ``[redacted]``."""
    return text if _pattern is None else _pattern.sub(_MASK, text)

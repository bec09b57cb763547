"""Named API keys, and who is acting: the name of the key with which a request came.

A key may read, or also write: start what costs, and change or remove what is stored.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal, get_args

from app.core.logging import bind

Role = Literal["read", "write"]
"""What a key may do; who may write may read."""

UNNAMED = "default"
"""Name of the single key ``LLMFORGE_API_KEY``."""
_ROLES: tuple[Role, ...] = get_args(Role)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,39}")
_MIN_KEY_LENGTH = 16  # characters; shorter keys can be guessed
_acting: ContextVar[str | None] = ContextVar("acting", default=None)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key of the API, with the name by which its use is known."""

    name: str
    role: Role
    key: str = field(repr=False)


def checked_key(key: str) -> str:
    """Return a key without the white space around it, which clients strip from a header's value.

    Raises:
        ValueError: if it is too short, or no header can carry it.
    """
    key = key.strip()
    if len(key) < _MIN_KEY_LENGTH:
        raise ValueError(f"needs at least {_MIN_KEY_LENGTH} characters; `openssl rand -hex 16` makes a key")
    if not key.isascii() or not key.isprintable():
        raise ValueError("may hold only printable ASCII characters, which a header can carry")
    return key


def parse_keys(text: str) -> tuple[AccessKey, ...]:
    """Read keys as ``name:role:key``, separated by commas.

    Raises:
        ValueError: if one of them is wrong; the message names it, and never a key.
    """
    keys: list[AccessKey] = []
    for number, written in enumerate(filter(None, map(str.strip, text.split(","))), start=1):
        name, _, rest = written.partition(":")
        role, _, key = rest.partition(":")
        if not key or _NAME.fullmatch(name) is None:
            raise ValueError(
                f"is wrong at key {number}: write name:read:key or name:write:key; "
                "a name has letters, digits and . _ @ -"
            )
        if role not in _ROLES:
            raise ValueError(f"is wrong at {name}: the role is read or write")
        try:
            keys.append(AccessKey(name, role, checked_key(key)))
        except ValueError as error:
            raise ValueError(f"is wrong at {name}: the key {error}") from None
    for part, what in (("name", "names"), ("key", "keys")):
        if len({getattr(one, part) for one in keys}) < len(keys):
            raise ValueError(f"has two equal {what}")
    return tuple(keys)


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Let what is done within the block be known as done with the key of this name, in log lines too."""
    token = _acting.set(name)
    try:
        with bind(api_key_name=name):
            yield
    finally:
        _acting.reset(token)


def acting() -> str | None:
    """Return the name of the key with which the present request came; ``None`` without keys."""
    return _acting.get()

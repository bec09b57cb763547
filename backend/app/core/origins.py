"""Origins of web pages, as settings list them: scheme, host and port, such as ``https://lab.example``.

An origin may have one ``*`` in the first label of its host, which stands for letters, digits and hyphens:
``https://llmforge-*-team.vercel.app``. It never stands for a dot, and at least two labels follow it, so that
it can match neither another domain nor a whole top-level domain.
"""

import re
from dataclasses import dataclass
from typing import Self

_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?P<host>[a-z0-9_*-]+(?:\.[a-z0-9_*-]+)*|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?/?"
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_LABELS_AFTER_WILDCARD = 2


def origins_of(value: str) -> list[str]:
    """Return the origins of a comma-separated list, in the form in which browsers send them.

    Raises:
        ValueError: naming an entry that is no origin, or whose ``*`` stands where it may not.
    """
    return [_normalised(entry) for part in value.split(",") if (entry := part.strip())]


def _normalised(entry: str) -> str:
    if entry == "*":
        return entry
    found = _ORIGIN.fullmatch(entry.lower())
    if found is None:
        raise ValueError(f"lists {entry!r}, which is no origin; one looks like https://lab.example")
    scheme, host, port = found["scheme"], found["host"], found["port"]
    if "*" in host:
        first, *rest = host.split(".")
        if first.count("*") != 1 or "*" in "".join(rest) or len(rest) < _LABELS_AFTER_WILDCARD:
            raise ValueError(
                f"lists {entry!r}; one * may stand in the first part of a host name that has at least "
                "three parts, as in https://llmforge-*-team.vercel.app"
            )
    return f"{scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS.get(scheme) else "")


@dataclass(frozen=True)
class Origins:
    """A set of origins.

    Attributes:
        exact: those without ``*``; ``*`` itself stands for all.
        pattern: a regular expression of the others, to be matched as a whole; ``None`` without any.
    """

    exact: frozenset[str]
    pattern: str | None

    @classmethod
    def of(cls, value: str) -> Self:
        """Return the origins of a comma-separated list.

        Raises:
            ValueError: see ``origins_of``.
        """
        listed = origins_of(value)
        wildcards = [one for one in listed if "*" in one and one != "*"]
        pattern = "|".join(re.escape(one).replace(r"\*", "[a-z0-9-]+") for one in wildcards)
        return cls(frozenset(listed) - frozenset(wildcards), pattern or None)

    def __contains__(self, origin: str) -> bool:
        """Return whether a page of ``origin`` is one of them; ``*`` does not count."""
        if origin in self.exact:
            return True
        return self.pattern is not None and re.fullmatch(self.pattern, origin) is not None


_ANCESTOR_KEYWORDS = frozenset({"none", "self"})


def frame_ancestors_of(value: str) -> str:
    """Return the sources of the directive ``frame-ancestors`` for a comma-separated list.

    ``none`` and ``self`` may stand with or without quotes. In this directive ``*`` is a whole label.

    Raises:
        ValueError: if an entry is neither of these nor an origin, or ``none`` is not alone.
    """
    sources: list[str] = []
    for part in value.replace(" ", ",").split(","):
        entry = part.strip().strip("'")
        if not entry:
            continue
        if entry in _ANCESTOR_KEYWORDS:
            sources.append(f"'{entry}'")
            continue
        origin = _normalised(entry)
        if "*" in origin and "://*." not in origin:
            raise ValueError(f"lists {entry!r}; here * stands for a whole part: https://*.lab.example")
        sources.append(origin)
    if "'none'" in sources and len(sources) > 1:
        raise ValueError("has none beside others")
    return " ".join(sources) or "'none'"

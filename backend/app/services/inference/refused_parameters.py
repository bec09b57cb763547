"""Which parameter of a request a model refuses, by what its server says.

Servers say it in codes, as problems of a validation, or in sentences. Only what is said of the parameter as
such counts: that a value is too large is another error.
"""

import re
from typing import NamedTuple

from app.services.inference.error_bodies import ErrorBody

SYSTEM = "system_role"
_NAMES = (
    "temperature",
    "top_p",
    "stop",
    "seed",
    "max_tokens",
    "max_completion_tokens",
    "response_format",
    "grammar",
    "tools",
)
_REFUSED = re.compile(
    r"unsupported|not (be )?(supported|permitted|allowed|enabled|recogni[sz]ed)"
    r"|(does|do) not (support|accept|allow)"
    r"|doesn.t (support|accept)|unknown (name|field|parameter|argument|key)|unrecogni[sz]ed"
    r"|extra_forbidden|extra (inputs|fields)|unexpected (keyword )?(argument|field|parameter|key)"
    r"|is deprecated|cannot find field|not a valid (field|parameter)",
    re.IGNORECASE,
)
# "stop" and "tools" are words, too: they count where they are named as a parameter.
_AS_PARAMETER = (
    r"""(?:["'`]{0}["'`]|\b(?:parameter|argument|field|property|name|supplied)s?\W{{1,4}}{0}\b"""
    r"""|\bbody\.{0}\b|^\W*{0}\s*:|:\s*{0}\W*$)"""
)
_PATTERNS = {
    name: re.compile(
        _AS_PARAMETER.format(name) if name in {"stop", "tools"} else rf"(?<![\w-]){name}(?![\w-])",
        re.IGNORECASE,
    )
    for name in _NAMES
}
_SYSTEM = re.compile(
    r"\b(system|developer)[ _-]?(role|message|prompt|instruction)s?\b[^.]{0,40}"
    r"\bnot (be )?(supported|enabled|allowed)"
    r"|not support[^.]{0,20} (system|developer)[ _-]?(role|message|prompt|instruction)"
    r"|\.role\W{1,4}does not support\W{1,4}(system|developer)"
    r"|unsupported role\W{1,4}system|role\W{1,4}system\W{1,4}is not supported",
    re.IGNORECASE,
)
_INSTEAD = re.compile(r"use\W{1,4}(max_(?:completion_|new_|output_)?tokens)\W{1,4}instead", re.IGNORECASE)
_MOST_CHARS = 4_000


class RefusedParameter(NamedTuple):
    """A parameter by the server's name, and the one that it wants in its place, if it says so."""

    name: str
    instead: str | None = None


def refused_parameter(error: ErrorBody) -> RefusedParameter | None:
    """Return what the model refuses; ``None`` if the error is about something else."""
    said = error.message[:_MOST_CHARS]
    if _SYSTEM.search(said):
        return RefusedParameter(SYSTEM)
    if not _REFUSED.search(f"{error.words} {said}"):
        return None
    named = next((name for name in _NAMES if name in error.words.split()), None)
    if named is None:
        found = {
            name: place.start() for name, pattern in _PATTERNS.items() if (place := pattern.search(said))
        }
        named = min(found, key=lambda name: found[name], default=None)
    if named is None:
        return None
    instead = _INSTEAD.search(said)
    return RefusedParameter(named, instead[1].lower() if instead else None)

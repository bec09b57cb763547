"""Text with named places such as ``{question}``; what fills a place is never interpreted."""

import re
from collections.abc import Collection, Mapping

_PLACE = re.compile(r"\{(\w+)\}")


def check_places(text: str, places: Collection[str]) -> None:
    """Raise unless ``text`` has each of these places, and no others.

    Raises:
        ValueError: naming the place that is missing or unknown.
    """
    found = set(_PLACE.findall(text))
    for place in places:
        if place not in found:
            raise ValueError(f"must hold the place {{{place}}}")
    if unknown := found - set(places):
        known = " and ".join(f"{{{place}}}" for place in places)
        raise ValueError(f"unknown place {{{min(unknown)}}}; there is {known}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return ``text`` with these places filled; other braces, and those in the values, stay as they are."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)

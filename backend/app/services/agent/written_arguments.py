"""Arguments of a tool as models write them in brackets: ``"K2", k=3``, or under other names."""

import re
from collections.abc import Mapping
from typing import Any

from app.domain.json import JsonObject
from app.services.agent.json_actions import first_json_object
from app.services.agent.tools.base import Tool

_QUOTES = "\"'`“”‘’"
_NAMED = re.compile(r"\s*([A-Za-z]\w*)\s*[=:]\s*(.+)\Z", re.DOTALL)
_QUOTED_FIRST = re.compile(
    r"\s*(?:[A-Za-z]\w*\s*[=:]\s*)?(?P<text>[\"'“].*[\"'”])\s*,(?P<rest>[^\"'“”]+)\Z", re.DOTALL
)
_SETTING = re.compile(
    r"\s*(?:(?P<name>[A-Za-z]\w*)\s*[=:]\s*)?(?P<value>\d{1,6}|true|false|none|null)\s*\Z", re.IGNORECASE
)
_LAST_SETTING = re.compile(r"(?P<text>.*),(?P<rest>\s*[A-Za-z]\w*\s*[=:]\s*\d{1,6}\s*)\Z", re.DOTALL)
_COUNTS = frozenset(
    {"topk", "n", "num", "numresults", "maxresults", "nresults", "limit", "count", "size", "numpassages"}
)


def in_brackets(tool: Tool, inner: str) -> JsonObject:
    """Return the arguments that stand in the brackets behind a tool's name, by name."""
    if inner.lstrip().startswith("{"):
        found = first_json_object(inner)
        if found is not None:
            return by_known_names(tool, found)
    inner, settings = _without_settings(tool, inner)
    names = "|".join(re.escape(parameter.name) for parameter in tool.parameters)
    arguments: JsonObject = {}
    for part in re.split(rf",\s*(?=(?:{names})\s*[=:])", inner):
        named = _NAMED.match(part)
        if named and named[1] in names.split("|"):
            arguments[named[1]] = unquoted(named[2])
        elif not arguments:
            arguments[tool.parameters[0].name] = unquoted(part)
    return {**settings, **arguments} if settings else arguments


def by_known_names(tool: Tool, value: Mapping[Any, object]) -> JsonObject:
    """Return arguments under the tool's own names for them: ``top_k`` is the number of passages, ``k``."""
    names = [parameter.name for parameter in tool.parameters]
    count = next((parameter.name for parameter in tool.parameters if parameter.type == "integer"), None)
    given = {str(name): one for name, one in value.items()}
    for name in list(given):
        if name not in names and count and count not in given and _is_count(name):
            given[count] = given.pop(name)
    if not given.keys() & {names[0]}:
        others = [name for name in given if name not in names]
        if len(others) == 1:
            given = {names[0]: given.pop(others[0]), **given}  # a name of the model's own
    return given


def _is_count(name: str) -> bool:
    return re.sub(r"[\s_-]+", "", name).lower() in _COUNTS


def _without_settings(tool: Tool, inner: str) -> tuple[str, JsonObject]:
    """Return the first argument, and what numbers behind it say, if they can only be meant so."""
    found = _QUOTED_FIRST.match(inner) or _LAST_SETTING.match(inner)
    if found is None:
        return inner, {}
    known = {parameter.name for parameter in tool.parameters}
    count = next((parameter.name for parameter in tool.parameters if parameter.type == "integer"), None)
    settings: JsonObject = {}
    for part in found["rest"].split(","):
        setting = _SETTING.match(part)
        if setting is None:
            return inner, {}
        name = setting["name"]
        if name in known:
            settings[name] = setting["value"]
        elif count and setting["value"].isdigit() and (name is None or _is_count(name)):
            settings[count] = setting["value"]
        elif found.re is _LAST_SETTING:
            return inner, {}
    return found["text"], settings


def unquoted(text: str) -> str:
    """Return a text without quotation marks around it, and without one that has no counterpart."""
    text = text.strip()
    while len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    for mark in (text[:1], text[-1:]):
        if mark and mark in '"`“”' and text.count(mark) == 1:
            text = text.removeprefix(mark).removesuffix(mark)
    return text.strip()

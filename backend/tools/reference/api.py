"""The routes of the API, from its OpenAPI document."""

import json
from collections import defaultdict

from tools.openapi import document
from tools.reference.markdown import cell, code, page, plain, table

_ABOUT = """\
REST with JSON. The running API describes each route with its parameters and objects at `/docs`, which loads nothing
from other servers and needs no key, and for programs at `/openapi.json`. With a key set, each request needs it:
`Authorization: Bearer …` or `X-API-Key: …`. Errors have one body (`code`, `message`, `hint`, `errors`); the codes
are explained in [troubleshooting](../troubleshooting.md#codes-of-the-api)."""


def api() -> str:
    """Return the page."""
    by_tag: dict[str, list[list[str]]] = defaultdict(list)
    for path, operations in json.loads(document())["paths"].items():
        for method, operation in operations.items():
            said = operation.get("description") or operation.get("summary", "")
            first = plain(said.strip().split("\n\n")[0])
            by_tag[(operation.get("tags") or ["other"])[0]].append(
                [code(f"{method.upper()} {path}"), cell(first)]
            )
    return page(
        "API", _ABOUT, (f"## {tag}\n\n{table(['route', ''], rows)}" for tag, rows in sorted(by_tag.items()))
    )

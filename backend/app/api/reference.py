"""The API's reference for people: a page without scripts, made from the OpenAPI document.

FastAPI's own pages load scripts from another server, into the origin whose dashboard keeps the API key.
"""

import json
from collections import defaultdict
from functools import partial
from html import escape
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from app.domain.json import JsonObject

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors {}; base-uri 'none'"
_BOUNDS = (
    "default",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
)
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: API</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }}
code, summary {{ font-family: ui-monospace, monospace; }}
details {{ margin: .3rem 0; padding-left: .5rem; }}
table {{ border-collapse: collapse; margin: .5rem 0; }}
td, th {{ border: 1px solid #8886; padding: .2rem .5rem; text-align: left; vertical-align: top; }}
.about {{ white-space: pre-line; }}
</style>
<h1>{title}: API</h1>
<p class="about">{about}</p>
<p>The same for programs, such as swagger-ui: <a href="/openapi.json">openapi.json</a>. Where
the platform has an API key, every request needs it:
<code>curl -H "Authorization: Bearer $LLMFORGE_API_KEY" {base}/openapi.json</code></p>
{operations}
<h2>Objects</h2>
{objects}
</html>
"""


def add_reference(app: FastAPI, frame_ancestors: str) -> None:
    """Serve the page at ``/docs``, in frames of pages of ``frame_ancestors``."""
    headers = {"content-security-policy": _POLICY.format(frame_ancestors)}
    app.router.routes.append(Route("/docs", partial(_answer, app, headers), include_in_schema=False))


async def _answer(app: FastAPI, headers: dict[str, str], request: Request) -> HTMLResponse:
    base = f"{request.url.scheme}://{request.url.netloc}"
    return HTMLResponse(page(app.openapi(), base), headers=headers)


def page(document: JsonObject, base: str) -> str:
    """Return the page for an OpenAPI document; ``base`` is the server's address."""
    by_tag: dict[str, list[str]] = defaultdict(list)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            by_tag[operation.get("tags", [""])[0]].append(_operation(method, path, operation))
    schemas = document.get("components", {}).get("schemas", {})
    info = document["info"]
    return _PAGE.format(
        title=escape(info["title"]),
        about=escape(info.get("description", "").strip()),
        base=escape(base),
        operations="\n".join(f"<h2>{escape(tag)}</h2>\n" + "\n".join(each) for tag, each in by_tag.items()),
        objects="\n".join(_object(name, schema) for name, schema in sorted(schemas.items())),
    )


def _operation(method: str, path: str, operation: JsonObject) -> str:
    parts = [f"<p>{escape(operation.get('description', ''))}</p>"]
    given = [
        (each["name"], each["schema"], each["in"] == "path" or each.get("required", False), each)
        for each in operation.get("parameters", [])
    ]
    if given:
        parts.append(_table([_row(name, schema, required, about) for name, schema, required, about in given]))
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body, {escape(kind)}: {_type(body['schema'])}</p>")
    answers = [
        f"<tr><td>{escape(status)}</td><td>{escape(answer['description'])}</td><td>{_contents(answer)}</td></tr>"
        for status, answer in operation["responses"].items()
    ]
    parts.append(f"<table><tr><th>Answer</th><th></th><th></th></tr>{''.join(answers)}</table>")
    return f"<details><summary>{method.upper()} {escape(path)}</summary>{''.join(parts)}</details>"


def _contents(answer: JsonObject) -> str:
    return ", ".join(
        _type(content["schema"]) if content.get("schema") else escape(kind)
        for kind, content in answer.get("content", {}).items()
    )


def _object(name: str, schema: JsonObject) -> str:
    required = schema.get("required", [])
    rows = [
        _row(field, each, field in required, each) for field, each in schema.get("properties", {}).items()
    ]
    about = f'<p class="about">{escape(schema.get("description", ""))}</p>'
    fields = _table(rows) if rows else f"<p>{_type(schema)}</p>"
    return f'<h3 id="{escape(name)}">{escape(name)}</h3>{about}{fields}'


def _table(rows: list[str]) -> str:
    return f"<table><tr><th>Field</th><th>Type</th><th></th></tr>{''.join(rows)}</table>"


def _row(name: str, schema: JsonObject, required: bool, about: JsonObject) -> str:  # noqa: FBT001
    bounds = "; ".join(
        f"{bound}: {_value(schema[bound])}" for bound in _BOUNDS if schema.get(bound) is not None
    )
    said = " ".join(filter(None, [about.get("description", ""), f"({bounds})" if bounds else ""]))
    mark = "" if required else " <small>(optional)</small>"
    return (
        f"<tr><td><code>{escape(name)}</code>{mark}</td><td>{_type(schema)}</td><td>{escape(said)}</td></tr>"
    )


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else json.dumps(value)


def _type(schema: Any) -> str:
    """Return a type as HTML, with links to the objects that it names."""
    if not isinstance(schema, dict):
        return "any"
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return " or ".join(map(_type, choices))
    if "const" in schema or "enum" in schema:
        values = schema.get("enum") or [schema["const"]]
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items'))}"
    return escape(str(schema.get("type", "any")))

"""The fields of experiment, comparison and matrix files, from their JSON schemas."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import models_json_schema

from app.schemas.comparison import ComparisonConfig
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.matrix_config import MatrixConfig
from tools.reference.markdown import cell, code, page, plain, table

_ABOUT = """\
An experiment file is YAML with these fields; so is the body of `POST /api/v1/experiments`, as JSON under `config`.
Fields that are not listed are errors. A file with `base` and `variants` is a [comparison](#comparisonconfig), one
with `models` and `variants` as below a [matrix](#matrixconfig). Fields without a default are required."""
_FILES = (ExperimentConfig, ComparisonConfig, MatrixConfig)
_BOUNDS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}
_LONG = 70


def configuration() -> str:
    """Return the page."""
    _, schema = models_json_schema([(file, "validation") for file in _FILES])
    objects = schema["$defs"]
    first = [file.__name__ for file in _FILES]
    named = json.dumps(schema)  # what no file can hold has a definition all the same, and no reference
    others = (name for name in objects if name not in first and f'"#/$defs/{name}"' in named)
    names = [*first, *sorted(others)]
    return page(
        "Configuration", _ABOUT, (_object(name, objects[name]) for name in names if _shown(objects[name]))
    )


def _shown(schema: dict[str, Any]) -> bool:
    return "properties" in schema


def _object(name: str, schema: dict[str, Any]) -> str:
    about = plain(schema.get("description", ""))
    rows = (_row(field, each, schema) for field, each in schema["properties"].items())
    return f"## {name}\n\n{about}\n\n{table(['field', 'type', 'default', 'meaning'], rows)}"


def _row(field: str, schema: dict[str, Any], owner: dict[str, Any]) -> list[str]:
    said = plain(schema.get("description", ""))
    bounds = ", ".join(_bounds(schema))
    return [
        code(field),
        _type(schema),
        "required" if field in owner.get("required", ()) else _default(schema),
        cell(f"{said} ({bounds})" if said and bounds else said or bounds),
    ]


def _bounds(schema: dict[str, Any]) -> Iterator[str]:
    for part in [schema, *schema.get("anyOf", ())]:
        for key, text in _BOUNDS.items():
            if key in part:
                yield text.format(f"{part[key]:,}".replace(".0", ""))


def _default(schema: dict[str, Any]) -> str:
    if "default" not in schema:
        return "made if left out"
    value = schema["default"]
    text = "none" if value is None else json.dumps(value, ensure_ascii=False)
    if len(text) > _LONG:
        return "see its object" if isinstance(value, dict) else "a text of its own"
    return "none" if value is None else code(text)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        kinds = [_type(each) for each in choices if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema or "const" in schema:
        return " or ".join(code(str(value)) for value in schema.get("enum") or [schema["const"]])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"names with {_type(schema['additionalProperties'])}"
    return str(schema.get("type", "any"))

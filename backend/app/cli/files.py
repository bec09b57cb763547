"""Reading experiment files: YAML, with overrides by command-line flags."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

from app.cli.client import fail, say
from app.domain.json import JsonObject
from app.schemas.common import readable_problem
from app.schemas.experiment_config import ExperimentConfig

_YAML_1_1 = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
_BOOLEAN_FIELDS = {name for name, field in ExperimentConfig.model_fields.items() if field.annotation is bool}


def read_mapping(
    path: Path, what: str = "an experiment", needs: str = "name, model and dataset"
) -> JsonObject:
    """Return the YAML mapping in ``path``.

    Args:
        path: of a file.
        what: it is to describe, for messages.
        needs: fields that it has at least, for messages.

    Raises:
        typer.Exit: after printing what is wrong, and on which line.
    """
    try:
        data = path.read_bytes()
        raw = YAML(typ="safe", pure=True).load(data.decode())
    except OSError as error:
        raise fail(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise fail(f"{path} is not UTF-8 text: line {line}.", "Save it as UTF-8.") from error
    except DuplicateKeyError as error:
        # YAML forbids it; many parsers silently take the last value.
        key = error.problem.split('"')[1]
        raise fail(f"{path}: the key {key!r} is given twice:\n{error.problem_mark}") from error
    except YAMLError as error:
        raise fail(f"{path} is not valid YAML: {error}") from error
    except RecursionError as error:
        raise fail(f"{path} is nested too deeply to be {what}.") from error
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise fail(f"{path} does not contain {what}.", f"It needs at least {needs}.")
    return {key: _with_booleans(key, value) for key, value in raw.items()}


def with_overrides(raw: JsonObject, overrides: JsonObject) -> JsonObject:
    """Return a copy of ``raw`` with the ``overrides``, given by dotted field; ``None`` overrides nothing."""
    changed = deepcopy(raw)
    for field, value in overrides.items():
        if value is not None:
            _set(changed, field, value)
    return changed


def read_experiment(path: Path, overrides: JsonObject) -> ExperimentConfig:
    """Return the configuration in ``path``; ``overrides`` maps dotted fields to values.

    Raises:
        typer.Exit: after printing what is wrong, with line or field.
    """
    raw = with_overrides(read_mapping(path), overrides)
    try:
        return ExperimentConfig.model_validate(raw)
    except ValidationError as error:
        raise not_valid(path, error, "experiment") from error


def not_valid(path: Path, error: ValidationError, what: str) -> typer.Exit:
    """Print what is wrong with the fields of a file, and return the exception that ends the command."""
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"]) or "file"
        say(f"  {where}: {readable_problem(problem['type'], problem['msg'])}")
    return fail(f"{path} is not a valid {what}.")


def _with_booleans(key: str, value: Any) -> Any:
    """Return the value of a key with ``yes``, ``no``, ``on`` and ``off`` as YAML 1.1 means them.

    In YAML 1.2, by which files are read, they are texts; only fields that take no text are changed.
    """
    if isinstance(value, dict):
        return {name: _with_booleans(name, one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_booleans(key, one) for one in value]
    if key in _BOOLEAN_FIELDS and isinstance(value, str):
        return _YAML_1_1.get(value.lower(), value)
    return value


def _set(raw: JsonObject, field: str, value: object) -> None:
    *parents, last = field.split(".")
    for parent in parents:
        child = raw.setdefault(parent, {})
        if not isinstance(child, dict):
            return  # validation will report it
        raw = child
    raw[last] = value

"""Files that describe experiments and comparisons: YAML, with fields that are given in their place."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

from app.client.errors import UnusableInput
from app.domain.json import JsonObject
from app.schemas.common import FieldProblem, readable_problem
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
        UnusableInput: saying what is wrong, and on which line.
    """
    try:
        data = path.read_bytes()
        raw = YAML(typ="safe", pure=True).load(data.decode())
    except OSError as error:
        raise UnusableInput(f"Cannot read {path}: {error.strerror}.", hint="Check the path.") from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UnusableInput(f"{path} is not UTF-8 text: line {line}.", hint="Save it as UTF-8.") from error
    except DuplicateKeyError as error:
        # YAML forbids it; many parsers silently take the last value.
        key = error.problem.split('"')[1]
        raise UnusableInput(f"{path}: the key {key!r} is given twice:\n{error.problem_mark}") from error
    except YAMLError as error:
        raise UnusableInput(f"{path} is not valid YAML: {error}") from error
    except RecursionError as error:
        raise UnusableInput(f"{path} is nested too deeply to be {what}.") from error
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise UnusableInput(f"{path} does not contain {what}.", hint=f"It needs at least {needs}.")
    return {key: _with_booleans(key, value) for key, value in raw.items()}


def not_valid(source: object, error: ValidationError, what: str) -> UnusableInput:
    """Return that the fields of a file, or of what else was given, are wrong, and which."""
    problems = [
        FieldProblem(
            field=".".join(str(part) for part in problem["loc"]) or "file",
            message=readable_problem(problem["type"], problem["msg"]),
        )
        for problem in error.errors()
    ]
    return UnusableInput(f"{source} is not a valid {what}.", errors=problems)


def with_overrides(raw: JsonObject, overrides: JsonObject) -> JsonObject:
    """Return a copy of ``raw`` with the ``overrides``, given by dotted field; ``None`` overrides nothing."""
    changed = deepcopy(raw)
    for field, value in overrides.items():
        if value is not None:
            _set(changed, field, value)
    return changed


def comparisons_of(raw: JsonObject, source: object, overrides: Mapping[str, Any]) -> list[JsonObject]:
    """Return the comparisons that are described: one for each of the ``datasets``, or one if there are none.

    Args:
        raw: a description with name, base and variants.
        source: where it is from, for messages.
        overrides: fields of the base; a dataset among them replaces all that are described.

    Raises:
        UnusableInput: if the base or the datasets are none.
    """
    base = raw.get("base")
    if not isinstance(base, dict):
        raise UnusableInput(
            f"{source} has variants but no base.", hint="A comparison has name, base and variants."
        )
    names = raw.get("datasets")
    shared = {key: value for key, value in raw.items() if key != "datasets"}
    if names is not None and not (
        isinstance(names, list) and names and all(isinstance(n, str) for n in names)
    ):
        raise UnusableInput(
            f"{source}: datasets is not a list of names.", hint="Example: datasets: [gsm8k, trivia_qa]"
        )
    if names is None or overrides.get("dataset.name"):
        return [{**shared, "base": with_overrides(base, dict(overrides))}]
    if "name" in (base.get("dataset") or {}):
        raise UnusableInput(
            f"{source} has both datasets and base.dataset.name.", hint="Leave one of them out."
        )
    return [
        {
            **shared,
            "name": f"{raw.get('name')}, {name}",
            "base": with_overrides(base, {**overrides, "dataset.name": name}),
        }
        for name in names
    ]


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

"""Files that commands are given: read, or the command ends with what is wrong with them."""

from pathlib import Path

import typer
from pydantic import ValidationError

from app.cli.client import input_told, refused
from app.client import files
from app.domain.json import JsonObject
from app.schemas.experiment_config import ExperimentConfig


def read_mapping(
    path: Path, what: str = "an experiment", needs: str = "name, model and dataset"
) -> JsonObject:
    """Return the YAML mapping in ``path``; see ``app.client.files``.

    Raises:
        typer.Exit: after printing what is wrong, and on which line.
    """
    with input_told():
        return files.read_mapping(path, what, needs)


def read_experiment(path: Path, overrides: JsonObject) -> ExperimentConfig:
    """Return the configuration in ``path``; ``overrides`` maps dotted fields to values.

    Raises:
        typer.Exit: after printing what is wrong, with line or field.
    """
    raw = files.with_overrides(read_mapping(path), overrides)
    try:
        return ExperimentConfig.model_validate(raw)
    except ValidationError as error:
        raise not_valid(path, error, "experiment") from error


def not_valid(path: Path, error: ValidationError, what: str) -> typer.Exit:
    """Print what is wrong with the fields of a file, and return the exception that ends the command."""
    return refused(files.not_valid(path, error, what))

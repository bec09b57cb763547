"""Configurations as they are stored, which a later version of the software may refuse.

Such an experiment is still listed and shown, as it was stored; it cannot be run.
"""

from pydantic import ValidationError

from app.domain.json import JsonObject
from app.domain.readable_errors import sentence_of
from app.schemas.experiment_config import ExperimentConfig


class UnreadableConfig(Exception):
    """This version cannot read a stored configuration.

    Attributes:
        message: which fields are wrong.
        hint: what to do.
    """

    def __init__(self, message: str, hint: str) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


def read_config(stored: JsonObject) -> ExperimentConfig:
    """Return a stored configuration, to be run.

    Raises:
        UnreadableConfig: if this version refuses it, or its experiment was imported.
    """
    config = scored_config(stored)
    if config.method.name == "imported":
        raise UnreadableConfig(
            "The experiment was imported: its answers were given elsewhere, and it is never run.",
            "Create an experiment with a method and a model of the catalog on the same dataset.",
        )
    return config


def scored_config(stored: JsonObject) -> ExperimentConfig:
    """Return a stored configuration whose runs are to be scored; it may be of an imported experiment.

    Raises:
        UnreadableConfig: if this version refuses it.
    """
    try:
        return ExperimentConfig.model_validate(stored)
    except ValidationError as error:
        problem = sentence_of(error).rstrip(".")
        raise UnreadableConfig(
            f"This version of LlmForge cannot run the experiment's configuration: {problem}.",
            "Clone it, change these fields, and run the copy.",
        ) from error


def problem_of(stored: object) -> str | None:
    """Return why a stored configuration cannot be run; ``None`` if it can."""
    if not isinstance(stored, dict):
        return None
    try:
        read_config(stored)
    except UnreadableConfig as error:
        return error.message
    return None

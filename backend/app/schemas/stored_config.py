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

    def __init__(self, problem: str) -> None:
        self.message = f"This version of LlmForge cannot run the experiment's configuration: {problem}."
        self.hint = "Clone it, change these fields, and run the copy."
        super().__init__(self.message)


def read_config(stored: JsonObject) -> ExperimentConfig:
    """Return a stored configuration.

    Raises:
        UnreadableConfig: if this version refuses it.
    """
    try:
        return ExperimentConfig.model_validate(stored)
    except ValidationError as error:
        raise UnreadableConfig(sentence_of(error).rstrip(".")) from error


def problem_of(stored: object) -> str | None:
    """Return why this version refuses a stored configuration; ``None`` if it does not."""
    if not isinstance(stored, dict):
        return None
    try:
        read_config(stored)
    except UnreadableConfig as error:
        return error.message
    return None

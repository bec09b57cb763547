"""From a method's configuration to the method."""

from app.schemas.experiment_config import MethodConfig
from app.services.methods.base import Method
from app.services.methods.naive import NaiveMethod
from app.services.methods.prompts import PromptTemplate


def build_method(config: MethodConfig) -> Method:
    """Return the method that ``config`` describes."""
    return NaiveMethod(PromptTemplate(config.template, config.system))

"""From a method's configuration to the method. To add a method, list it here: see ``docs/extending.md``."""

from collections.abc import Callable
from typing import Any

from app.domain.scoring import ScoringRule
from app.schemas.method_base import MethodConfigBase
from app.schemas.method_config import (
    CoTMethodConfig,
    NaiveMethodConfig,
    RagMethodConfig,
    ReactMethodConfig,
)
from app.services.methods.base import Method, Sources
from app.services.methods.cot import CoTMethod
from app.services.methods.naive import NaiveMethod
from app.services.methods.rag import RagMethod
from app.services.methods.react import ReactMethod

Builder = Callable[[Any, ScoringRule, Sources], Method]  # Any: each takes its own configuration

_builders: dict[type[MethodConfigBase], Builder] = {
    NaiveMethodConfig: NaiveMethod.build,
    CoTMethodConfig: CoTMethod.build,
    RagMethodConfig: RagMethod.build,
    ReactMethodConfig: ReactMethod.build,
}


def build_method(config: MethodConfigBase, rule: ScoringRule, sources: Sources | None = None) -> Method:
    """Return the method that ``config`` describes, for a dataset with this scoring.

    Without the ``sources`` that it needs, a method can show its prompts, but cannot answer.

    Raises:
        ExemplarsError: if it needs worked examples that cannot be read.
    """
    return _builders[type(config)](config, rule, sources or Sources())

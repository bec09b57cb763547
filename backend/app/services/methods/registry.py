"""From a method's configuration to the method."""

from app.schemas.method_config import CoTMethodConfig, MethodConfig, RagMethodConfig
from app.services.evaluation.scorers import ScoringRule
from app.services.methods.base import Method
from app.services.methods.cot import CoTMethod
from app.services.methods.exemplars import kind_for, load_exemplars
from app.services.methods.naive import NaiveMethod
from app.services.methods.prompts import PromptTemplate
from app.services.methods.rag import RagMethod
from app.services.rag.base import Retriever


def build_method(config: MethodConfig, rule: ScoringRule, retriever: Retriever | None = None) -> Method:
    """Return the method that ``config`` describes, for a dataset with this scoring.

    Without the ``retriever`` that it needs, a method shows its prompts but answers nothing.

    Raises:
        ExemplarsError: if it needs worked examples that cannot be read.
    """
    if isinstance(config, CoTMethodConfig):
        kind = kind_for(rule) if config.exemplars == "auto" else config.exemplars
        prompt = PromptTemplate(config.template, config.system, load_exemplars(kind, config.shots))
        return CoTMethod(prompt, rule, config.samples)
    if isinstance(config, RagMethodConfig):
        prompt = PromptTemplate(config.template, config.system, places=("passages",))
        return RagMethod(prompt, rule, retriever)
    return NaiveMethod(PromptTemplate(config.template, config.system), rule)

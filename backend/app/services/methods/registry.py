"""From a method's configuration to the method."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.domain.scoring import ScoringRule
from app.schemas.method_config import (
    AgentFormat,
    CoTMethodConfig,
    MethodConfig,
    RagMethodConfig,
    ReactMethodConfig,
    ToolName,
)
from app.services.agent.formats import JsonFormat, NativeFormat, StepFormat, TextFormat
from app.services.agent.loop import AgentOptions
from app.services.agent.tools.base import Tool
from app.services.agent.tools.calculator import Calculator
from app.services.agent.tools.retrieval import RetrievalTool
from app.services.agent.tools.wikipedia import WikipediaTool
from app.services.methods.base import Method
from app.services.methods.cot import CoTMethod
from app.services.methods.exemplars import ExemplarKind, kind_for, load_exemplars
from app.services.methods.naive import NaiveMethod
from app.services.methods.prompts import PromptTemplate
from app.services.methods.rag import RagMethod
from app.services.methods.react import ReactMethod
from app.services.methods.worked_traces import load_traces
from app.services.rag.base import Retriever
from app.services.wikipedia.client import WikipediaClient

_formats: dict[AgentFormat, Callable[..., StepFormat]] = {
    "text": TextFormat,
    "grammar": partial(TextFormat, enforced=True),
    "json": JsonFormat,
    "native": NativeFormat,
}


@dataclass(frozen=True, slots=True)
class Sources:
    """What methods read from, opened; ``None`` for what is not needed, or only to be shown."""

    retriever: Retriever | None = None
    wikipedia: WikipediaClient | None = None


def build_method(config: MethodConfig, rule: ScoringRule, sources: Sources | None = None) -> Method:
    """Return the method that ``config`` describes, for a dataset with this scoring.

    Without the ``sources`` that it needs, a method shows its prompts but answers nothing.

    Raises:
        ExemplarsError: if it needs worked examples that cannot be read.
    """
    sources = sources or Sources()
    if isinstance(config, CoTMethodConfig):
        prompt = PromptTemplate(config.template, config.system, load_exemplars(*_shots(config, rule)))
        return CoTMethod(prompt, rule, config.samples)
    if isinstance(config, RagMethodConfig):
        prompt = PromptTemplate(config.template, config.system, places=("passages",))
        return RagMethod(prompt, rule, sources.retriever)
    if isinstance(config, ReactMethodConfig):
        options = AgentOptions(config.max_iterations, config.observation_tokens, config.final_answer_prompt)
        tools = tuple(
            _tool(name, config.top_k, options.observation_characters, sources) for name in config.tools
        )
        worked = load_traces(*_shots(config, rule), config.tools)
        step_format = _formats[config.form](tools, config.template, config.system, worked)
        return ReactMethod(step_format, options, rule)
    return NaiveMethod(PromptTemplate(config.template, config.system), rule)


def _shots(config: CoTMethodConfig | ReactMethodConfig, rule: ScoringRule) -> tuple[ExemplarKind, int]:
    """Return of which kind, and how many, worked examples a method shows."""
    return (kind_for(rule) if config.exemplars == "auto" else config.exemplars), config.shots


def _tool(name: ToolName, top_k: int, limit: int, sources: Sources) -> Tool:
    if name == "calculator":
        return Calculator()
    if name == "wikipedia_search":
        return WikipediaTool(sources.wikipedia)
    return RetrievalTool(sources.retriever, top_k, limit)

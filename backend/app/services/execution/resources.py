"""All that an experiment works with, opened for it and closed behind it: method, model, scorers.

What was so when the experiment was created must be so when it runs: the prompts, the model, the index.
"""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from app.core.database import when_database_answers
from app.domain.hashing import content_hash
from app.domain.provenance import Provenance, RetrievalProvenance
from app.domain.scoring import ScoringRule
from app.models import Dataset, Experiment, KnowledgeBase
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.method_config import ReactMethodConfig, RetrievalConfig, knowledge_of
from app.services.datasets.repository import DatasetRepository
from app.services.evaluation.judges.base import JudgementStore
from app.services.evaluation.scorers.base import ScorerUnavailable, Scoring, open_scoring
from app.services.evaluation.scorers.registry import SCORERS
from app.services.execution.judgement_cache import JudgementCache
from app.services.inference.base import Engine
from app.services.inference.cache import CacheStore, CachingEngine
from app.services.inference.catalog import CatalogError
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.registry import OpenedModel
from app.services.inference.retry import RetryingEngine
from app.services.knowledge.repository import KnowledgeRepository
from app.services.knowledge.retriever_factory import IndexLibrary, describe, open_retriever
from app.services.local_models.files import ModelUnavailable
from app.services.methods.base import Method
from app.services.methods.exemplars import ExemplarsError
from app.services.methods.registry import Sources, build_method
from app.services.rag.retrievers import IndexRetriever
from app.services.runtime import Runtime
from app.services.wikipedia.client import WikipediaClient, WikipediaUnreachable

_PAGE = 512  # right answers read at a time
_JUDGE_CALLS = 8  # in flight at most, to a model that scorers ask

Note = Callable[[str | None], None]
"""Told what is being prepared, for whoever watches."""


class ExperimentFailed(Exception):
    """The experiment cannot go on; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Resources:
    """See the module's text."""

    method: Method
    model: OpenedModel


@asynccontextmanager
async def open_resources(
    runtime: Runtime, config: ExperimentConfig, experiment: Experiment, dataset: Dataset, note: Note
) -> AsyncIterator[Resources]:
    """Give method and model, opened; closes both.

    Raises:
        ExperimentFailed: if something cannot be had, or is not what it was.
    """
    async with AsyncExitStack() as stack:
        method = _method(
            config, dataset, experiment, await _sources(runtime, config, experiment, note, stack)
        )
        model = await _open(runtime, config, dataset, experiment)
        stack.push_async_callback(model.engine.aclose)
        yield Resources(method, model)


async def _sources(
    runtime: Runtime, config: ExperimentConfig, experiment: Experiment, note: Note, stack: AsyncExitStack
) -> Sources:
    """Open what the method reads from."""
    method, retriever, wikipedia = config.method, None, None
    knowledge = knowledge_of(method)
    if knowledge is not None:
        retriever = await _retriever(runtime, knowledge, experiment, note, stack)
    if isinstance(method, ReactMethodConfig) and "wikipedia_search" in method.tools:
        settings = runtime.settings
        try:
            client = WikipediaClient(
                cache_dir=settings.wikipedia_dir,
                base_url=settings.wikipedia_url,
                attempts=settings.wikipedia_attempts,
            )
        except WikipediaUnreachable as error:
            raise ExperimentFailed(str(error)) from error
        wikipedia = await stack.enter_async_context(client)
    return Sources(retriever, wikipedia)


def _method(config: ExperimentConfig, dataset: Dataset, experiment: Experiment, sources: Sources) -> Method:
    try:
        method = build_method(config.method, dataset.scoring, sources)
    except ExemplarsError as error:
        raise ExperimentFailed(str(error)) from error
    if content_hash(method.template) != Provenance.from_json(experiment.provenance).prompt_hash:
        raise ExperimentFailed(
            "The method's prompts are not what they were when the experiment was created (worked examples "
            "or software changed). Clone the experiment to run it with the prompts as they are now."
        )
    return method


async def _retriever(
    runtime: Runtime, config: RetrievalConfig, experiment: Experiment, note: Note, stack: AsyncExitStack
) -> IndexRetriever:
    before = RetrievalProvenance.from_json(experiment.provenance["retrieval"])
    row = await when_database_answers(
        partial(_knowledge_base, runtime, before.knowledge_base.id), "find a knowledge base"
    )
    library = IndexLibrary(runtime.settings.index_dir)
    stack.callback(library.close)

    def progress(done: int, total: int) -> None:
        if total:
            note(f"embedding the knowledge base: {done:,} of {total:,} chunks")

    note("opening the knowledge base")
    try:
        retriever = await open_retriever(library, config, row, runtime.sessions, progress)
    except ModelUnavailable as error:
        raise ExperimentFailed(str(error)) from error
    finally:
        note(None)
    stack.callback(retriever.close)
    if not before.agrees_with(describe(config, row)):
        raise ExperimentFailed(
            "The models of the retrieval are not what they were when the experiment was created. "
            "Clone the experiment to run it with the models as they are now."
        )
    return retriever


async def _knowledge_base(runtime: Runtime, knowledge_base_id: str) -> KnowledgeBase:
    async with runtime.sessions() as session:
        row = await KnowledgeRepository(session).get(uuid.UUID(knowledge_base_id))
    if row is None:
        raise ExperimentFailed("The knowledge base of this experiment is gone.")
    return row


async def _open(
    runtime: Runtime, config: ExperimentConfig, dataset: Dataset, experiment: Experiment
) -> OpenedModel:
    try:
        answers = None
        if config.model.startswith("mock/gold"):
            answers = await when_database_answers(partial(_gold, runtime, dataset.id), "read answers")
        opened = await runtime.models().open(config.model, config.timeout_s, answers)
    except CatalogError as error:
        raise ExperimentFailed(f"{error.message} {error.hint}".strip()) from error
    if opened.fingerprint != Provenance.from_json(experiment.provenance).model_fingerprint:
        await opened.engine.aclose()
        raise ExperimentFailed(
            f"{config.model} is not what it was when the experiment was created (address, file or "
            "software changed). Clone the experiment to run it with the model as it is now."
        )
    return opened


async def _gold(runtime: Runtime, dataset_id: uuid.UUID) -> dict[str, str]:
    answers: dict[str, str] = {}
    async with runtime.sessions() as session:
        after = -1
        while page := await DatasetRepository(session).examples(dataset_id, after, _PAGE):
            answers |= {row.question: row.answers[0] for row in page}
            after = page[-1].position
    return answers


@asynccontextmanager
async def open_scorers(
    runtime: Runtime, config: ExperimentConfig, rule: ScoringRule, store: CacheStore
) -> AsyncIterator[Scoring]:
    """Give all scorers of an experiment on a dataset with this scoring rule, opened; closes them.

    Raises:
        ExperimentFailed: if the model of one is not available.
    """
    async with AsyncExitStack() as stack:
        resources = _ScorerResources(config, JudgementCache(runtime.sessions), runtime, store, stack)
        try:
            scoring = await stack.enter_async_context(open_scoring(SCORERS.of(config, rule), resources))
        except ScorerUnavailable as error:
            raise ExperimentFailed(str(error)) from error
        yield scoring


@dataclass(frozen=True, slots=True)
class _ScorerResources:
    """See ``ScorerResources``; what it opens is closed with ``stack``."""

    config: ExperimentConfig
    judgements: JudgementStore
    runtime: Runtime
    store: CacheStore
    stack: AsyncExitStack
    opened: dict[str, Engine] = field(default_factory=dict)

    async def engine(self, model: str) -> Engine:
        """Open a model, or return it if another scorer has opened it."""
        if model in self.opened:
            return self.opened[model]
        try:
            found = await self.runtime.models().open(model, self.config.timeout_s)
        except CatalogError as error:
            raise ScorerUnavailable(f"{error.message} {error.hint}".strip()) from error
        self.stack.push_async_callback(found.engine.aclose)
        settings = self.runtime.settings
        ceiling = min(_JUDGE_CALLS, found.max_concurrency or _JUDGE_CALLS)
        retrying = RetryingEngine(
            found.engine, AdaptiveLimiter(ceiling), settings.max_attempts, settings.rate_limit_patience_s
        )
        self.opened[model] = CachingEngine(retrying, self.store, found.fingerprint)
        return self.opened[model]

"""What an experiment runs with, opened for it and closed after it: method, model and scorers.

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
from app.models import KnowledgeBase
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.retrieval_config import RetrievalConfig
from app.services.datasets.repository import DatasetRepository
from app.services.datasets.service import DatasetService
from app.services.evaluation.judges.base import JudgementStore
from app.services.evaluation.scorers.base import ScorerUnavailable, Scoring, open_scoring
from app.services.evaluation.scorers.registry import SCORERS
from app.services.execution.budget import BudgetedEngine
from app.services.execution.judgement_cache import JudgementCache
from app.services.execution.purse import Purse
from app.services.execution.recorded import RecordedEngine
from app.services.experiments.resolution import ResolvedConfig
from app.services.inference.base import Engine
from app.services.inference.cache import CacheStore, CachingEngine
from app.services.inference.catalog import CatalogError
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.registry import OpenedModel
from app.services.inference.retry import RetryingEngine
from app.services.knowledge.retriever_factory import IndexLibrary, describe, open_retriever
from app.services.local_models.files import ModelUnavailable
from app.services.methods.base import Method, Sources
from app.services.rag.base import Retriever
from app.services.rag.retrievers import IndexRetriever
from app.services.runtime import Runtime
from app.services.wikipedia.client import WikipediaClient, WikipediaUnreachable

_PAGE = 10_000  # answers read at a time
_JUDGE_CALLS = 8  # in flight at most, to a model that scorers ask

Note = Callable[[str | None], None]
"""Told what is being prepared, for whoever watches."""


class ExperimentFailed(Exception):
    """The experiment cannot continue; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What samples are answered with.

    Attributes:
        retriever: of the passages that are a part of each first prompt; ``None`` if none are.
    """

    method: Method
    model: OpenedModel
    retriever: Retriever | None = None


@asynccontextmanager
async def open_resources(
    runtime: Runtime, resolved: ResolvedConfig, provenance: Provenance, note: Note
) -> AsyncIterator[Resources]:
    """Give method and model, opened; closes both.

    Args:
        runtime: of this process.
        resolved: what the configuration names.
        provenance: of the experiment when it was created.
        note: told what is being prepared.

    Raises:
        ExperimentFailed: if something cannot be opened, or is not what it was.
    """
    _require_same_prompts(resolved, provenance)
    _require_same_scorers(runtime, provenance)
    async with AsyncExitStack() as stack:
        sources = await _open_sources(runtime, resolved, provenance, note, stack)
        model = await _open_model(runtime, resolved, provenance)
        stack.push_async_callback(model.engine.aclose)
        retriever = sources.retriever if resolved.config.method.passages_in_prompt else None
        yield Resources(resolved.method_with(sources), model, retriever)


def _require_same_prompts(resolved: ResolvedConfig, provenance: Provenance) -> None:
    if content_hash(resolved.method.template) != provenance.prompt_hash:
        raise ExperimentFailed(
            "The method's prompts are not what they were when the experiment was created (worked examples "
            "or software changed). Clone the experiment to run it with the prompts as they are now."
        )


def _require_same_scorers(runtime: Runtime, provenance: Provenance) -> None:
    SCORERS.load_own(runtime.settings.scorers_dir)
    now = SCORERS.own_files(provenance.own_scorers)
    for name, before in provenance.own_scorers.items():
        if now.get(name) != before:
            raise ExperimentFailed(
                f"The file of the scorer {name} is not what it was when the experiment was created. Raise "
                "its VERSION if its scores can change, and clone the experiment to run it with the scorer as "
                "it is now."
            )


async def _open_sources(
    runtime: Runtime, resolved: ResolvedConfig, provenance: Provenance, note: Note, stack: AsyncExitStack
) -> Sources:
    """Open what the method reads from."""
    method, retriever, wikipedia = resolved.config.method, None, None
    if method.knowledge is not None and resolved.knowledge is not None and provenance.retrieval is not None:
        retriever = await _open_retriever(runtime, method.knowledge, resolved.knowledge, note, stack)
        _require_same_index(method.knowledge, resolved.knowledge, provenance.retrieval)
    if method.uses_wikipedia:
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


async def _open_retriever(
    runtime: Runtime, wanted: RetrievalConfig, row: KnowledgeBase, note: Note, stack: AsyncExitStack
) -> IndexRetriever:
    library = IndexLibrary(runtime.settings.index_dir)
    stack.callback(library.close)

    def progress(done: int, total: int) -> None:
        if total:
            note(f"embedding the knowledge base: {done:,} of {total:,} chunks")

    note("opening the knowledge base")
    try:
        retriever = await open_retriever(library, wanted, row, runtime.sessions, progress)
        stack.callback(retriever.close)
        note("loading the models of the retrieval")
        await retriever.load()
    except ModelUnavailable as error:
        raise ExperimentFailed(str(error)) from error
    finally:
        note(None)
    return retriever


def _require_same_index(wanted: RetrievalConfig, row: KnowledgeBase, before: RetrievalProvenance) -> None:
    # After the retriever was opened: its models are on this machine now.
    if not before.agrees_with(describe(wanted, row)):
        raise ExperimentFailed(
            "The models of the retrieval are not what they were when the experiment was created. "
            "Clone the experiment to run it with the models as they are now."
        )


async def _open_model(runtime: Runtime, resolved: ResolvedConfig, provenance: Provenance) -> OpenedModel:
    config = resolved.config
    if resolved.fingerprint != provenance.model_fingerprint:
        raise ExperimentFailed(
            f"{config.model} is not what it was when the experiment was created (address, file or "
            "software changed). Clone the experiment to run it with the model as it is now."
        )
    answers = None
    if resolved.models.needs_answers(config.model):
        answers = await when_database_answers(partial(_accepted_answers, runtime, resolved), "read answers")
    try:
        return await resolved.models.open(
            config.model, config.timeout_s, answers, prefix_cache=config.execution.prefix_cache
        )
    except CatalogError as error:
        raise ExperimentFailed(f"{error.message} {error.hint}".strip()) from error


async def _accepted_answers(runtime: Runtime, resolved: ResolvedConfig) -> dict[str, str]:
    """Return the first accepted answer of each question of the sample."""
    answers: dict[str, str] = {}
    config, dataset = resolved.config, resolved.dataset
    async with runtime.sessions() as session:
        sample = await DatasetService(session).sample(dataset, config.dataset.n, config.seed)
        for start in range(0, len(sample), _PAGE):
            page = sample[start : start + _PAGE]
            answers |= await DatasetRepository(session).first_answers(dataset.id, page)
    return answers


@asynccontextmanager
async def open_scorers(
    runtime: Runtime,
    experiment_id: uuid.UUID,
    config: ExperimentConfig,
    rule: ScoringRule,
    store: CacheStore,
    purse: Purse | None,
) -> AsyncIterator[Scoring]:
    """Give all scorers of an experiment on a dataset with this scoring rule, opened; closes them.

    Args:
        runtime: of this process.
        experiment_id: whose answers are scored.
        config: of the experiment.
        rule: how its answers are scored.
        store: of the answers of models that scorers ask.
        purse: counts their calls against the budget; ``None`` without one.

    Raises:
        ExperimentFailed: if the model of one is not available.
    """
    async with AsyncExitStack() as stack:
        judgements = JudgementCache(runtime.sessions)
        resources = _ScorerResources(experiment_id, config, judgements, runtime, store, purse, stack)
        try:
            scoring = await stack.enter_async_context(open_scoring(SCORERS.of(config, rule), resources))
        except ScorerUnavailable as error:
            raise ExperimentFailed(str(error)) from error
        yield scoring


@dataclass(frozen=True, slots=True)
class _ScorerResources:
    """See ``ScorerResources``; what it opens is closed with ``stack``."""

    experiment_id: uuid.UUID
    config: ExperimentConfig
    judgements: JudgementStore
    runtime: Runtime
    store: CacheStore
    purse: Purse | None
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
        engine: Engine = RecordedEngine(found.engine, found.spec, self.experiment_id, self.runtime)
        if self.purse is not None:
            engine = BudgetedEngine(engine, self.purse, found.spec.usd_per_1m)
        ceiling = min(_JUDGE_CALLS, found.max_concurrency or _JUDGE_CALLS)
        retrying = RetryingEngine(
            engine, AdaptiveLimiter(ceiling), settings.max_attempts, settings.rate_limit_patience_s
        )
        scope = self.config.execution.cache_scope
        self.opened[model] = CachingEngine(retrying, self.store, found.fingerprint, scope=scope)
        return self.opened[model]

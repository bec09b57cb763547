"""All that an experiment works with, opened for it and closed behind it: method, model, judge.

What was so when the experiment was created must be so when it runs: the prompts, the model, the index.
"""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from app.core.database import when_database_answers
from app.domain.hashing import content_hash
from app.domain.provenance import Provenance, RetrievalProvenance
from app.models import Dataset, Experiment, KnowledgeBase
from app.schemas.experiment_config import ExperimentConfig, Faithfulness
from app.schemas.retrieval_config import RetrievalConfig
from app.services.datasets.repository import DatasetRepository
from app.services.evaluation.faithfulness import Judge, LlmJudge, NliJudge
from app.services.evaluation.nli import BatchedNli, NliModel, NoEntailmentLabel, require_entailment
from app.services.evaluation.scorers import ScoringRule
from app.services.execution.judgement_cache import JudgementCache
from app.services.experiments.validation import JUDGE_SETTING
from app.services.inference.cache import CacheStore, CachingEngine
from app.services.inference.catalog import CatalogError
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.registry import OpenedModel
from app.services.inference.retry import RetryingEngine
from app.services.knowledge.repository import KnowledgeRepository
from app.services.knowledge.retriever_factory import IndexLibrary, describe, open_retriever
from app.services.local_models.files import ModelUnavailable, find_model, fingerprint
from app.services.methods.base import Method, Sources
from app.services.methods.exemplars import ExemplarsError
from app.services.methods.registry import build_method
from app.services.rag.retrievers import IndexRetriever
from app.services.runtime import Runtime
from app.services.wikipedia.client import WikipediaClient, WikipediaUnreachable

_PAGE = 512  # right answers read at a time
_JUDGE_CALLS = 8  # of an LLM judge, in flight at most

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
    if method.knowledge is not None:
        retriever = await _retriever(runtime, method.knowledge, experiment, note, stack)
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


def _method(config: ExperimentConfig, dataset: Dataset, experiment: Experiment, sources: Sources) -> Method:
    rule: ScoringRule = dataset.scoring  # type: ignore[assignment]
    try:
        method = build_method(config.method, rule, sources)
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
        models = runtime.models()
        if models.needs_answers(config.model):
            answers = await when_database_answers(partial(_gold, runtime, dataset.id), "read answers")
        opened = await models.open(config.model, config.timeout_s, answers)
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
async def open_judge(
    runtime: Runtime, config: ExperimentConfig, store: CacheStore
) -> AsyncIterator[Judge | None]:
    """Give the judge of faithfulness that the configuration names, if it names one.

    Raises:
        ExperimentFailed: if its model cannot be had.
    """
    wanted = config.faithfulness
    if wanted is None:
        yield None
    elif wanted.judge == "nli":
        nli = _nli(runtime, wanted)
        try:
            yield NliJudge(nli)
        finally:
            nli.close()
    else:
        opened = await _judging_model(runtime, wanted, config.timeout_s)
        try:
            settings = runtime.settings
            ceiling = min(_JUDGE_CALLS, opened.max_concurrency or _JUDGE_CALLS)
            retrying = RetryingEngine(
                opened.engine,
                AdaptiveLimiter(ceiling),
                settings.max_attempts,
                settings.rate_limit_patience_s,
            )
            yield LlmJudge(CachingEngine(retrying, store, opened.fingerprint), wanted.model)
        finally:
            await opened.engine.aclose()


def _nli(runtime: Runtime, wanted: Faithfulness) -> BatchedNli:
    try:
        folder = find_model(wanted.model, JUDGE_SETTING)
        require_entailment(folder)
    except (ModelUnavailable, NoEntailmentLabel) as error:
        raise ExperimentFailed(str(error)) from error
    return BatchedNli(NliModel(folder), fingerprint(folder), JudgementCache(runtime.sessions))


async def _judging_model(runtime: Runtime, wanted: Faithfulness, timeout_s: float) -> OpenedModel:
    try:
        return await runtime.models().open(wanted.model, timeout_s)
    except CatalogError as error:
        raise ExperimentFailed(f"{error.message} {error.hint}".strip()) from error

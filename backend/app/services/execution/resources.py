"""What an experiment runs with, opened for it and closed after it: method, model and judge.

What was so when the experiment was created must be so when it runs: the prompts, the model, the index.
"""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from app.core.database import when_database_answers
from app.domain.hashing import content_hash
from app.domain.json import JsonObject
from app.models import KnowledgeBase
from app.schemas.experiment_config import ExperimentConfig, Faithfulness
from app.schemas.method_config import ReactMethodConfig, RetrievalConfig, knowledge_of
from app.services.datasets.repository import DatasetRepository
from app.services.evaluation.faithfulness import Judge, LlmJudge, NliJudge
from app.services.evaluation.nli import BatchedNli, NliModel, NoEntailmentLabel, require_entailment
from app.services.execution.judgement_cache import JudgementCache
from app.services.experiments.resolution import ResolvedConfig
from app.services.experiments.validation import JUDGE_SETTING
from app.services.inference.cache import CacheStore, CachingEngine
from app.services.inference.catalog import CatalogError
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.registry import OpenedModel
from app.services.inference.retry import RetryingEngine
from app.services.knowledge.retriever_factory import IndexLibrary, describe, open_retriever
from app.services.local_models.files import ModelUnavailable, find_model, fingerprint
from app.services.methods.base import Method
from app.services.methods.registry import Sources
from app.services.rag.retrievers import IndexRetriever
from app.services.runtime import Runtime
from app.services.wikipedia.client import WikipediaClient, WikipediaUnreachable

_PAGE = 512  # examples read at a time
_JUDGE_CALLS = 8  # of an LLM judge, in flight at most

Note = Callable[[str | None], None]
"""Told what is being prepared, for whoever watches."""


class ExperimentFailed(Exception):
    """The experiment cannot continue; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What samples are answered with."""

    method: Method
    model: OpenedModel


@asynccontextmanager
async def open_resources(
    runtime: Runtime, resolved: ResolvedConfig, provenance: JsonObject, note: Note
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
    async with AsyncExitStack() as stack:
        sources = await _open_sources(runtime, resolved, provenance, note, stack)
        model = await _open_model(runtime, resolved, provenance)
        stack.push_async_callback(model.engine.aclose)
        yield Resources(resolved.method_with(sources), model)


def _require_same_prompts(resolved: ResolvedConfig, provenance: JsonObject) -> None:
    if content_hash(resolved.method.template) != provenance.get("prompt_hash"):
        raise ExperimentFailed(
            "The method's prompts are not what they were when the experiment was created (worked examples "
            "or software changed). Clone the experiment to run it with the prompts as they are now."
        )


async def _open_sources(
    runtime: Runtime, resolved: ResolvedConfig, provenance: JsonObject, note: Note, stack: AsyncExitStack
) -> Sources:
    """Open what the method reads from."""
    method, retriever, wikipedia = resolved.config.method, None, None
    wanted = knowledge_of(method)
    if wanted is not None and resolved.knowledge is not None:
        retriever = await _open_retriever(runtime, wanted, resolved.knowledge, note, stack)
        _require_same_index(wanted, resolved.knowledge, provenance)
    if isinstance(method, ReactMethodConfig) and "wikipedia_search" in method.tools:
        settings = runtime.settings
        try:
            client = WikipediaClient(cache_dir=settings.wikipedia_dir, base_url=settings.wikipedia_url)
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
    except ModelUnavailable as error:
        raise ExperimentFailed(str(error)) from error
    finally:
        note(None)
    stack.callback(retriever.close)
    return retriever


def _require_same_index(wanted: RetrievalConfig, row: KnowledgeBase, provenance: JsonObject) -> None:
    # After the retriever was opened: its models are on this machine now.
    before, now = provenance["retrieval"], describe(wanted, row)
    if any(before[name] not in {None, now[name]} for name in ("index", "reranker")):
        raise ExperimentFailed(
            "The models of the retrieval are not what they were when the experiment was created. "
            "Clone the experiment to run it with the models as they are now."
        )


async def _open_model(runtime: Runtime, resolved: ResolvedConfig, provenance: JsonObject) -> OpenedModel:
    config, dataset = resolved.config, resolved.dataset
    if resolved.fingerprint != provenance.get("model_fingerprint"):
        raise ExperimentFailed(
            f"{config.model} is not what it was when the experiment was created (address, file or "
            "software changed). Clone the experiment to run it with the model as it is now."
        )
    answers = None
    if config.model.startswith("mock/gold"):
        answers = await when_database_answers(partial(_accepted_answers, runtime, dataset.id), "read answers")
    try:
        return await resolved.models.open(config.model, config.timeout_s, answers)
    except CatalogError as error:
        raise ExperimentFailed(f"{error.message} {error.hint}".strip()) from error


async def _accepted_answers(runtime: Runtime, dataset_id: uuid.UUID) -> dict[str, str]:
    """Return the first accepted answer of each question."""
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
    """Give the judge of faithfulness that the configuration names, if it names one; closes it.

    Raises:
        ExperimentFailed: if its model cannot be opened.
    """
    wanted = config.faithfulness
    if wanted is None:
        yield None
    elif wanted.judge == "nli":
        nli = _open_nli(runtime, wanted)
        try:
            yield NliJudge(nli)
        finally:
            nli.close()
    else:
        opened = await _open_judging_model(runtime, wanted, config.timeout_s)
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


def _open_nli(runtime: Runtime, wanted: Faithfulness) -> BatchedNli:
    try:
        folder = find_model(wanted.model, JUDGE_SETTING)
        require_entailment(folder)
    except (ModelUnavailable, NoEntailmentLabel) as error:
        raise ExperimentFailed(str(error)) from error
    return BatchedNli(NliModel(folder), fingerprint(folder), JudgementCache(runtime.sessions))


async def _open_judging_model(runtime: Runtime, wanted: Faithfulness, timeout_s: float) -> OpenedModel:
    try:
        return await runtime.models().open(wanted.model, timeout_s)
    except CatalogError as error:
        raise ExperimentFailed(f"{error.message} {error.hint}".strip()) from error

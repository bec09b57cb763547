"""Previews: one prompt of an experiment as it would be sent, and an estimate of its size."""

import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.examples import Example
from app.domain.generation import Message
from app.domain.json import JsonObject
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.preview import EstimateOut, MessageOut, PreviewExample, PreviewOut
from app.services.datasets.repository import DatasetRepository, to_example
from app.services.datasets.service import DatasetService
from app.services.evaluation.metrics.stored import read_metrics
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.resolution import ResolvedConfig
from app.services.experiments.service import ExperimentService
from app.services.experiments.validation import validate
from app.services.inference.catalog import batch_discount_of
from app.services.knowledge.indexes import KnowledgeIndexes
from app.services.preview.estimates import (
    MeasuredSpeed,
    MeasuredTokens,
    count_calls,
    estimate,
    spread_of,
    tokens_from_prompts,
    tokens_from_results,
)
from app.services.preview.judging import JudgeCalls, call_from_prompts, with_judge
from app.services.runs.expense_repository import tokens_by_question
from app.services.runs.scorer_calls_repository import ScorerCallsRepository
from app.services.runtime import Runtime

_PROMPTS = 50
"""Prompts whose length is measured, at most."""
_EXPERIMENTS = 20
"""Completed experiments whose tokens are averaged, at most."""
_QUESTIONS = 2_000
"""Questions whose tokens are read one by one, at most."""


class PreviewService:
    """Reads only."""

    def __init__(
        self, session: AsyncSession, runtime: Runtime, indexes: KnowledgeIndexes | None = None
    ) -> None:
        self._session = session
        self._runtime = runtime
        self._indexes = indexes
        self._experiments = ExperimentRepository(session)

    async def preview(
        self, config: ExperimentConfig, parent_id: uuid.UUID | None, position: int
    ) -> PreviewOut:
        """Return the question at ``position`` of the sample (modulo its size), and an estimate.

        Raises:
            InvalidInput: if the model, the dataset or the sample size is invalid; names the field.
            NotFound: if there is no experiment ``parent_id``.
        """
        checked = await validate(self._session, self._runtime, config, files_needed=False)
        if parent_id is not None:
            await ExperimentService(self._session, self._runtime).get(parent_id)
        position %= checked.questions
        measured = range(0, checked.questions, -(-checked.questions // _PROMPTS))
        sample, independent = await DatasetService(self._session).sample_at(
            checked.dataset, config.dataset.n, config.seed, [position, *measured]
        )
        rows = await DatasetRepository(self._session).examples_at(checked.dataset.id, list(sample.values()))
        examples = {row.position: to_example(row) for row in rows}
        shown = examples[sample[position]]
        return PreviewOut(
            example=PreviewExample(
                position=position, key=shown.key, question=shown.question, answers=list(shown.answers)
            ),
            examples=checked.questions,
            messages=[
                MessageOut(
                    role=message.role,
                    content=message.content,
                    tool_calls=[call.as_dict() for call in message.tool_calls],
                    tool_call_id=message.tool_call_id,
                )
                for message in await self._prompt(config, checked, shown)
            ],
            model_state=checked.status.state,
            model_message=checked.status.message,
            config_hash=config.hash(),
            estimate=await self._estimate(
                config, checked, [examples[sample[place]] for place in measured], independent
            ),
        )

    async def estimate(self, config: ExperimentConfig) -> EstimateOut:
        """Return the estimate of an experiment.

        Raises:
            InvalidInput: if the model, the dataset or the sample size is invalid; names the field.
        """
        return (await self.preview(config, None, 0)).estimate

    async def _estimate(
        self, config: ExperimentConfig, checked: ResolvedConfig, examples: Sequence[Example], independent: int
    ) -> EstimateOut:
        """Return the estimate; without a completed experiment of this kind, from prompts of ``examples``."""
        found = await self._experiments.completed_results(
            config.model, checked.dataset.name, config.method.cost_key(), _EXPERIMENTS
        )
        results = [_measured(metrics, calls_per_run) for _, metrics, calls_per_run in found]
        calls = count_calls(config, checked.questions, results[0].calls_per_run if results else None)
        tokens = tokens_from_results(results, calls) or tokens_from_prompts(
            [checked.method.render(example) for example in examples],
            calls,
            config.params.max_tokens,
            retrieved=config.method.retrieved_tokens,
        )
        price, speed = checked.spec.usd_per_1m, await self._speed(config)
        discount = None
        if config.execution.mode == "batch_job":
            discount = batch_discount_of(checked.provider, checked.spec)
        ids = [one[0] for one in found]
        questions = await tokens_by_question(self._session, ids, _QUESTIONS)
        spread = spread_of(questions, price, checked.questions)
        answering = estimate(
            checked.questions, calls, tokens, price, speed, independent, config.repeats, discount, spread
        )
        judge = await self._judge(checked, ids, examples, tokens.completion / max(1, calls))
        return answering if judge is None else with_judge(answering, judge)

    async def _judge(
        self,
        checked: ResolvedConfig,
        measured: Sequence[uuid.UUID],
        examples: Sequence[Example],
        answer: float,
    ) -> JudgeCalls | None:
        """Return the calls of the model that judges answers, if one does.

        Args:
            checked: what the configuration names.
            measured: completed experiments of this kind.
            examples: some of the experiment's, from which a call is computed if none of these measured it.
            answer: tokens of an answer, likewise.
        """
        judge, method = checked.config.faithfulness, checked.config.method
        if judge is None or judge.judge != "llm" or method.knowledge is None:
            return None
        _, spec = checked.models.catalog.find(judge.model)
        mean = await ScorerCallsRepository(self._session).mean_call(measured, judge.model)
        calls = checked.questions * checked.config.repeats
        each = mean or call_from_prompts(examples, method.retrieved_tokens, answer)
        return JudgeCalls(judge.model, calls, each, spec.usd_per_1m, mean is not None)

    async def _prompt(
        self, config: ExperimentConfig, checked: ResolvedConfig, example: Example
    ) -> Sequence[Message]:
        """Return the first prompt, with passages if the index is built and its models are loaded."""
        row, method, passages = checked.knowledge, checked.method, None
        wanted = config.method.knowledge
        if row is not None and wanted is not None and self._indexes and config.method.passages_in_prompt:
            passages = await self._indexes.passages_at_once(row, wanted, example.question)
        return method.render(example, passages)

    async def _speed(self, config: ExperimentConfig) -> MeasuredSpeed | None:
        found = await self._experiments.newest_throughput(config.model, config.method.name)
        if found is None:
            return None
        calls_per_s, method = found
        same = method == config.method.name
        return MeasuredSpeed(calls_per_s, "this model" + ("" if same else f", but with the method {method}"))


def _measured(stored: JsonObject, calls_per_run: float) -> MeasuredTokens:
    metrics = read_metrics(stored)
    # What answers take, whether it was paid for or came from the cache.
    parts = [part for part in (metrics.tokens, metrics.saved_tokens) if part is not None]
    return MeasuredTokens(
        metrics.counts.ok,
        sum(part.prompt or 0 for part in parts),
        sum(part.completion or 0 for part in parts),
        sum(part.runs_without_counts for part in parts),
        calls_per_run,
    )

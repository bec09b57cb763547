"""What an experiment would ask and take, before there is one; nothing is stored."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.examples import Example
from app.domain.generation import Message
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.preview import EstimateOut, MessageOut, PowerOut, PreviewExample, PreviewOut
from app.services.datasets.repository import DatasetRepository, to_example
from app.services.datasets.service import DatasetService
from app.services.evaluation.statistics.power import detectable_effect_mcnemar, sample_size_mcnemar
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.service import ExperimentService
from app.services.experiments.validation import ResolvedConfig, resolve
from app.services.inference.catalog import Price
from app.services.inference.token_estimate import CHARACTERS_PER_TOKEN, estimated_tokens
from app.services.knowledge.indexes import KnowledgeIndexes
from app.services.runtime import Runtime

_PROMPTS = 50
_EXPERIMENTS = 20
# Two ways of asking the same model get one question in five right that the other does not: a share
# that is common, and stands in for the one that nobody knows before.
_DISCORDANT = 0.2
_WANTED = 0.05


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of a whole experiment, and where the numbers come from."""

    prompt: int
    completion: int
    basis: str


@dataclass(frozen=True, slots=True)
class Speed:
    """How many calls a second there were, and in an experiment with what."""

    calls_per_s: float
    of: str


def count_calls(config: ExperimentConfig, questions: int, usual: float | None = None) -> int:
    """Return how many model calls the experiment makes.

    Args:
        config: of the experiment.
        questions: of its sample.
        usual: calls that equal agents made for a question; if none is known, the most that they may.
    """
    each = usual if config.method.calls_vary and usual else config.method.most_calls
    return round(questions * config.repeats * each)


def tokens_by_results(results: Sequence[tuple[dict[str, Any], float]], calls: int) -> Tokens | None:
    """Return the tokens of ``calls`` calls by what equal experiments took; ``None`` if none tells.

    Args:
        results: of each experiment its metrics, and the calls that one of its runs makes.
        calls: for how many to tell.
    """
    # Where only some runs have counts, the sums are of those alone.
    known = [(m, each) for m, each in results if m["counts"]["ok"] and not m["tokens"]["runs_without_counts"]]
    if not known:
        return None
    answered = sum(m["counts"]["ok"] * each for m, each in known)
    prompt, completion = (
        round(calls * sum(m["tokens"][kind] for m, _ in known) / answered)
        for kind in ("prompt", "completion")
    )
    what = "experiment" if len(known) == 1 else f"{len(known)} experiments"
    return Tokens(
        prompt, completion, f"Tokens as in the last completed {what} with this model, method and dataset"
    )


def tokens_by_prompts(
    prompts: Sequence[Sequence[Message]], calls: int, max_tokens: int, retrieved: int = 0
) -> Tokens:
    """Return the tokens of ``calls`` calls by the length of some prompts, and of what is put into them."""
    mean = sum(map(estimated_tokens, prompts)) / len(prompts)
    prompt = round(calls * (mean + retrieved))
    passages = f"with {retrieved:,} for the passages and " if retrieved else "with "
    basis = (
        f"Tokens estimated from {len(prompts)} prompts, at {CHARACTERS_PER_TOKEN} characters per token, "
        f"{passages}max_tokens for each answer, which is an upper bound"
    )
    return Tokens(prompt, calls * max_tokens, basis)


def estimate(
    questions: int, calls: int, tokens: Tokens, price: Price | None, speed: Speed | None
) -> EstimateOut:
    """Return what it all takes."""
    cost = None
    if price is not None:
        cost = (tokens.prompt * price.input + tokens.completion * price.output) / 1e6
    time = (
        f"time at {speed.calls_per_s:.3g} calls a second, "
        f"as in the last completed experiment with {speed.of}."
        if speed
        else "time unknown, as no completed experiment with this model tells its speed."
    )
    return EstimateOut(
        questions=questions,
        calls=calls,
        prompt_tokens=tokens.prompt,
        completion_tokens=tokens.completion,
        cost_usd=cost,
        seconds=calls / speed.calls_per_s if speed else None,
        power=power(questions),
        basis=f"{tokens.basis}; {time}",
    )


def power(questions: int) -> PowerOut:
    """Return what a comparison on so many questions could show, if one in five is told apart."""
    return PowerOut(
        discordant=_DISCORDANT,
        detectable=detectable_effect_mcnemar(questions, _DISCORDANT),
        wanted=_WANTED,
        needed=sample_size_mcnemar(_DISCORDANT, _WANTED),
    )


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
            InvalidInput: if the model, the dataset or the sample size cannot be; names the field.
            NotFound: if there is no such parent.
        """
        checked = await resolve(self._session, self._runtime, config, file_needed=False)
        if parent_id is not None:
            await ExperimentService(self._session, self._runtime).get(parent_id)
        dataset, questions = checked.dataset, checked.questions
        sample = await DatasetService(self._session).sample(dataset, config.dataset.n, config.seed)
        position %= len(sample)
        some = sample[:: -(-len(sample) // _PROMPTS)]
        rows = await DatasetRepository(self._session).examples_at(dataset.id, [sample[position], *some])
        examples = {row.position: to_example(row) for row in rows}
        shown, method = examples[sample[position]], checked.method
        results = await self._experiments.completed_results(
            config.model,
            dataset.name,
            config.method.cost_key(),
            _EXPERIMENTS,
        )
        calls = count_calls(config, questions, results[0][1] if results else None)
        tokens = tokens_by_results(results, calls) or tokens_by_prompts(
            [method.render(examples[place]) for place in some],
            calls,
            config.params.max_tokens,
            retrieved=config.method.retrieved_tokens,
        )
        speed = await self._speed(config)
        return PreviewOut(
            example=PreviewExample(
                position=position, key=shown.key, question=shown.question, answers=list(shown.answers)
            ),
            examples=questions,
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
            estimate=estimate(questions, calls, tokens, checked.spec.usd_per_1m, speed),
        )

    async def _prompt(
        self, config: ExperimentConfig, checked: ResolvedConfig, example: Example
    ) -> Sequence[Message]:
        """Return the first prompt, with its passages if they can be had at once."""
        row, method, passages = checked.knowledge, checked.method, None
        wanted = config.method.knowledge
        if row is not None and wanted is not None and self._indexes and config.method.passages_in_prompt:
            passages = await self._indexes.passages_at_once(row, wanted, example.question)
        return method.render(example, passages)

    async def _speed(self, config: ExperimentConfig) -> Speed | None:
        found = await self._experiments.newest_throughput(config.model, config.method.name)
        if found is None:
            return None
        calls_per_s, method = found
        same = method == config.method.name
        return Speed(calls_per_s, "this model" + ("" if same else f", but with the method {method}"))

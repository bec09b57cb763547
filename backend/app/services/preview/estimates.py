"""Estimates of an experiment before it runs: calls, tokens, cost, time and statistical power.

Pure functions. Tokens are those of completed experiments of the same kind where there are any, and are
otherwise computed from the length of some prompts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.generation import Message
from app.domain.rounding import fixed, significant
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.preview import EstimateOut, PowerOut
from app.services.evaluation.statistics.power import detectable_effect_mcnemar, sample_size_mcnemar
from app.services.evaluation.statistics.prediction import relative_spread
from app.services.inference.catalog import Price
from app.services.inference.token_estimate import CHARACTERS_PER_TOKEN, estimated_tokens
from app.services.runs.expense_repository import QuestionTokens

# The share of questions that only one of two experiments gets right is unknown before both have run; one
# in five is a common value for two methods with the same model.
_DISCORDANT = 0.2
_WANTED = 0.05


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """Estimated tokens of a whole experiment.

    Attributes:
        prompt: tokens of all prompts.
        completion: tokens of all answers.
        basis: what both are based on, as the beginning of a sentence.
    """

    prompt: int
    completion: int
    basis: str


@dataclass(frozen=True, slots=True)
class MeasuredTokens:
    """The tokens that a completed experiment took.

    Attributes:
        answered: runs with an answer.
        prompt: tokens of their prompts, as far as servers reported them.
        completion: tokens of their answers, likewise.
        without_counts: answered runs for which the server reported no tokens.
        calls_per_run: mean model calls of a run.
    """

    answered: int
    prompt: int | None
    completion: int | None
    without_counts: int
    calls_per_run: float


@dataclass(frozen=True, slots=True)
class MeasuredSpeed:
    """The speed of a completed experiment.

    Attributes:
        calls_per_s: model calls per second.
        measured_with: the model and method that it was measured with, in words.
    """

    calls_per_s: float
    measured_with: str


@dataclass(frozen=True, slots=True)
class MeasuredSpread:
    """How much questions differ in what they take.

    Attributes:
        questions: that were measured.
        tokens: half width of the prediction interval of all tokens, as a share; ``None``: too few questions.
        cost: likewise of the cost; ``None`` without a price, too, or if all is free.
        cost_ratio: what they cost, of what it would be if no prompt came from the provider's cache.
    """

    questions: int = 0
    tokens: float | None = None
    cost: float | None = None
    cost_ratio: float = 1.0


def spread_of(measured: Sequence[QuestionTokens], price: Price | None, planned: int) -> MeasuredSpread:
    """Return how much measured questions differ.

    Args:
        measured: what each of them takes.
        price: of the model; ``None`` if unknown.
        planned: questions of the new experiment.
    """
    tokens = relative_spread([one.prompt + one.completion for one in measured], planned)
    if price is None:
        return MeasuredSpread(len(measured), tokens)
    costs = [price.cost(*one) for one in measured]
    plain = sum(price.cost(one.prompt, one.completion) for one in measured)
    ratio = sum(costs) / plain if plain else 1.0
    return MeasuredSpread(len(measured), tokens, relative_spread(costs, planned), ratio)


def count_calls(config: ExperimentConfig, questions: int, measured: float | None = None) -> int:
    """Return how many model calls the experiment makes.

    Args:
        config: of the experiment.
        questions: size of its sample.
        measured: calls per run of an equal experiment, for methods whose calls vary; without it, the
            greatest number of calls that the method makes.
    """
    each = measured if config.method.calls_vary and measured else config.method.most_calls
    return round(questions * config.repeats * each)


def tokens_from_results(results: Sequence[MeasuredTokens], calls: int) -> TokenEstimate | None:
    """Return the tokens of ``calls`` calls at the mean of completed experiments; ``None`` without any.

    Args:
        results: of completed experiments with the same model, method and dataset.
        calls: of the new experiment.
    """
    # The sums leave out runs without counts, so that a mean over all runs would be too low.
    complete = [one for one in results if one.answered and not one.without_counts]
    if not complete:
        return None
    measured_calls = sum(one.answered * one.calls_per_run for one in complete)
    prompt, completion = (
        round(calls * total / measured_calls)
        for total in (sum(one.prompt or 0 for one in complete), sum(one.completion or 0 for one in complete))
    )
    what = "experiment" if len(complete) == 1 else f"{len(complete)} experiments"
    basis = f"Tokens as in the last completed {what} with this model, method and dataset"
    return TokenEstimate(prompt, completion, basis)


def tokens_from_prompts(
    prompts: Sequence[Sequence[Message]], calls: int, max_tokens: int, retrieved: int = 0
) -> TokenEstimate:
    """Return the tokens of ``calls`` calls, from the length of some prompts.

    Args:
        prompts: some of the experiment's, without retrieved passages.
        calls: of the experiment.
        max_tokens: of an answer.
        retrieved: tokens of the passages in a prompt.
    """
    mean = sum(map(estimated_tokens, prompts)) / len(prompts)
    passages = f"with {retrieved:,} for the passages and " if retrieved else "with "
    basis = (
        f"Tokens estimated from {len(prompts)} prompts, at {CHARACTERS_PER_TOKEN} characters per token, "
        f"{passages}max_tokens for each answer, which is an upper bound"
    )
    return TokenEstimate(round(calls * (mean + retrieved)), calls * max_tokens, basis)


def estimate(
    questions: int,
    calls: int,
    tokens: TokenEstimate,
    price: Price | None,
    speed: MeasuredSpeed | None,
    independent: int | None = None,
    repeats: int = 1,
    batch_discount: float | None = None,
    spread: MeasuredSpread | None = None,
) -> EstimateOut:
    """Return the estimate of a whole experiment.

    Args:
        questions: size of its sample.
        calls: of the model.
        tokens: of these calls.
        price: of the model, if the catalog has one.
        speed: of an earlier experiment with this model, if there is one.
        independent: clusters and distinct questions without one; as many as questions if left out.
        repeats: how often each question is asked.
        batch_discount: share that is taken off the price, if the calls are made by batch jobs.
        spread: of measured questions, if there are any.
    """
    spread = spread or MeasuredSpread()
    cost = None
    if price is not None:
        cost = price.cost(tokens.prompt, tokens.completion) * spread.cost_ratio
    if batch_discount is not None:
        speed, cost = None, None if cost is None else cost * (1 - batch_discount)
    time = (
        f"cost with the discount of batch jobs, {100 * batch_discount:g} %; time unknown: providers end a "
        "batch job within 24 hours, and mostly much sooner."
        if batch_discount is not None
        else f"time at {significant(speed.calls_per_s):.3g} calls a second, "
        f"as in the last completed experiment with {speed.measured_with}."
        if speed
        else "time unknown, as there is no completed experiment with this model."
    )
    return EstimateOut(
        questions=questions,
        calls=calls,
        prompt_tokens=tokens.prompt,
        completion_tokens=tokens.completion,
        cost_usd=cost,
        cost_low_usd=_bound(cost, spread.cost, -1),
        cost_high_usd=_bound(cost, spread.cost, 1),
        tokens_low=_whole(_bound(tokens.prompt + tokens.completion, spread.tokens, -1)),
        tokens_high=_whole(_bound(tokens.prompt + tokens.completion, spread.tokens, 1)),
        measured_questions=spread.questions,
        seconds=calls / speed.calls_per_s if speed else None,
        power=power(questions),
        basis=f"{tokens.basis}; {time}{_of_power(questions, independent or questions, repeats)}",
    )


def _bound(value: float | None, spread: float | None, side: int) -> float | None:
    return None if value is None or spread is None else max(0.0, value * (1 + side * spread))


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _of_power(questions: int, clusters: int, repeats: int) -> str:
    """Return sentences on what the power leaves out; empty for independent questions that are asked once."""
    asked = " The power is that of questions asked once: repeats show smaller differences." * (repeats > 1)
    if clusters >= questions:
        return asked
    worst = detectable_effect_mcnemar(clusters, _DISCORDANT)
    least = "nothing" if worst is None else f"{fixed(100 * worst)} points"
    return (
        f" The power is that of {questions:,} independent questions: these belong to {clusters:,} clusters "
        "(a question and its copies are one), and if those of a cluster are answered alike, "
        f"it is that of {clusters:,}, which detect {least}.{asked}"
    )


def power(questions: int) -> PowerOut:
    """Return the power of a comparison on this number of questions, by McNemar's test."""
    return PowerOut(
        discordant=_DISCORDANT,
        detectable=detectable_effect_mcnemar(questions, _DISCORDANT),
        wanted=_WANTED,
        needed=sample_size_mcnemar(_DISCORDANT, _WANTED),
    )

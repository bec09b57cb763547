"""Estimates of what a judge's calls add to those of an experiment. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.examples import Example
from app.domain.generation import Message
from app.schemas.preview import EstimateOut
from app.services.evaluation.judges.base import Claim
from app.services.evaluation.judges.llm import MAX_TOKENS, judging_prompt
from app.services.inference.catalog import Price
from app.services.inference.token_estimate import estimated_tokens
from app.services.runs.scorer_calls_repository import MeanCall


@dataclass(frozen=True, slots=True)
class JudgeCalls:
    """The calls of a judge.

    Attributes:
        model: that is asked.
        calls: one for each answer.
        each: tokens of one.
        price: of the model; ``None`` if unknown.
        measured: whether the tokens are those of earlier calls, and not computed from prompts.
    """

    model: str
    calls: int
    each: MeanCall
    price: Price | None
    measured: bool


def call_from_prompts(examples: Sequence[Example], passages: int, answer: float) -> MeanCall:
    """Return the tokens of a judge's call, from the length of its prompts.

    Args:
        examples: some of the experiment's.
        passages: tokens of the passages that an answer is judged by.
        answer: tokens of an answer.
    """
    prompts = [judging_prompt(Claim(one.question, "", ())) for one in examples]
    mean = sum(estimated_tokens([Message("user", one)]) for one in prompts) / len(prompts)
    return MeanCall(mean + passages + answer, MAX_TOKENS)


def with_judge(estimate: EstimateOut, judge: JudgeCalls) -> EstimateOut:
    """Return an estimate with the calls of a judge; the time stays that of the answers."""
    prompt, completion = round(judge.calls * judge.each.prompt), round(judge.calls * judge.each.completion)
    tokens = prompt + completion
    usd = None if judge.price is None else judge.price.cost(prompt, completion)
    how = "as in earlier experiments" if judge.measured else "from the length of its prompts"
    return estimate.model_copy(
        update={
            "calls": estimate.calls + judge.calls,
            "prompt_tokens": estimate.prompt_tokens + prompt,
            "completion_tokens": estimate.completion_tokens + completion,
            "cost_usd": _sum(estimate.cost_usd, usd),
            "cost_low_usd": _sum(estimate.cost_low_usd, usd),
            "cost_high_usd": _sum(estimate.cost_high_usd, usd),
            "tokens_low": None if estimate.tokens_low is None else estimate.tokens_low + tokens,
            "tokens_high": None if estimate.tokens_high is None else estimate.tokens_high + tokens,
            "basis": f"{estimate.basis} {judge.calls:,} of the calls and {tokens:,} of the tokens are those "
            f"of the judge {judge.model}, {how}; the time that it takes is not known.",
        }
    )


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second

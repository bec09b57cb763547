"""Tests of what a judge's calls add to an estimate."""

import pytest

from app.domain.examples import Example
from app.services.inference.catalog import Price
from app.services.preview.estimates import estimate, spread_of
from app.services.preview.judging import JudgeCalls, call_from_prompts, with_judge
from app.services.runs.scorer_calls_repository import MeanCall
from tests.services.preview.test_estimates import TOKENS, TestSpread

PRICE = TestSpread.PRICE
JUDGE = JudgeCalls("acme/judge", 200, MeanCall(400.0, 2.0), Price(input=1, output=5), measured=True)


def test_calls_tokens_and_cost_are_added() -> None:
    answering = estimate(200, 200, TOKENS, PRICE, None, spread=spread_of(TestSpread.QUESTIONS, PRICE, 200))
    found = with_judge(answering, JUDGE)
    assert (found.calls, found.prompt_tokens, found.completion_tokens) == (400, 1_080_000, 500_400)
    usd = 0.08 + 0.002
    for name in ("cost_usd", "cost_low_usd", "cost_high_usd"):
        assert getattr(found, name) == pytest.approx(getattr(answering, name) + usd)
    for name in ("tokens_low", "tokens_high"):
        assert getattr(found, name) == getattr(answering, name) + 80_400
    assert found.seconds is None
    added = found.basis.removeprefix(answering.basis)
    assert added == (
        " 200 of the calls and 80,400 of the tokens are those of the judge acme/judge, as in earlier "
        "experiments; the time that it takes is not known."
    )


@pytest.mark.parametrize(("answers", "judge"), [(None, JUDGE.price), (PRICE, None)])
def test_a_cost_of_which_a_part_is_not_known_is_not_known(answers: Price | None, judge: Price | None) -> None:
    answering = estimate(200, 200, TOKENS, answers, None)
    calls = JudgeCalls("acme/judge", 200, JUDGE.each, judge, measured=False)
    found = with_judge(answering, calls)
    assert (found.cost_usd, found.cost_low_usd, found.tokens_low) == (None, None, None)
    assert "from the length of its prompts" in found.basis


def test_a_call_by_its_prompts_has_passages_and_answer() -> None:
    examples = [Example("a", "What is it?", ("x",)), Example("b", "What is it?", ("y",))]
    bare = call_from_prompts(examples, 0, 0.0)
    assert call_from_prompts(examples, 300, 20.0) == MeanCall(bare.prompt + 320, bare.completion)
    assert 50 < bare.prompt < 200

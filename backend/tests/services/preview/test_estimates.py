"""Tests of the arithmetic of estimates."""

import pytest

from app.domain.generation import Message
from app.services.inference.catalog import Price
from app.services.preview.estimates import (
    MeasuredSpeed,
    MeasuredTokens,
    TokenEstimate,
    count_calls,
    estimate,
    power,
    spread_of,
    tokens_from_prompts,
    tokens_from_results,
)
from app.services.runs.expense_repository import QuestionTokens
from tests.factories import config

TOKENS = TokenEstimate(1_000_000, 500_000, "Tokens by guess")


def measured(
    ok: int, prompt: int | None, completion: int | None, without: int = 0, calls: float = 1
) -> MeasuredTokens:
    return MeasuredTokens(ok, prompt, completion, without, calls)


def test_calls() -> None:
    assert count_calls(config(repeats=3), 7) == 21
    voting = config(method={"name": "cot", "samples": 5}, params={"temperature": 0.7}, repeats=3)
    assert count_calls(voting, 7) == 105


class TestTokensByResults:
    def test_mean_of_the_runs_not_of_the_experiments(self) -> None:
        found = tokens_from_results([measured(10, 100, 20), measured(30, 900, 20)], calls=8)
        assert found is not None
        assert (found.prompt, found.completion) == (200, 8)
        assert "last completed 2 experiments" in found.basis

    @pytest.mark.parametrize("useless", [measured(0, None, None), measured(9, 50, 5, without=4)])
    def test_experiments_that_tell_nothing(self, useless: MeasuredTokens) -> None:
        assert tokens_from_results([useless], calls=8) is None
        found = tokens_from_results([useless, measured(1, 10, 2)], calls=8)
        assert found is not None
        assert (found.prompt, found.completion) == (80, 16)

    def test_by_call_where_a_run_makes_several(self) -> None:
        found = tokens_from_results([measured(10, 500, 100, calls=5), measured(10, 100, 20)], calls=6)
        assert found is not None
        assert (found.prompt, found.completion) == (60, 12)

    def test_none(self) -> None:
        assert tokens_from_results([], calls=8) is None


def test_tokens_from_prompts() -> None:
    prompts = [[Message("system", "abcd"), Message("user", "abcdefgh")], [Message("user", "abcd")]]
    found = tokens_from_prompts(prompts, calls=10, max_tokens=64)
    assert (found.prompt, found.completion) == (round(10 * (3 + 2 * 8 + 1 + 8) / 2), 640)
    assert "2 prompts" in found.basis


class TestEstimate:
    def test_priced_and_timed(self) -> None:
        found = estimate(50, 100, TOKENS, Price(input=2, output=4), MeasuredSpeed(20.0, "this model"))
        assert (found.cost_usd, found.seconds) == (4.0, 5.0)
        assert found.basis.startswith("Tokens by guess; time at 20 calls a second, as in")

    def test_free(self) -> None:
        assert estimate(50, 100, TOKENS, Price(input=0, output=0), None).cost_usd == 0

    def test_repeats_are_no_part_of_the_power(self) -> None:
        assert "asked once" not in estimate(300, 300, TOKENS, None, None).basis
        assert estimate(300, 900, TOKENS, None, None, 40, 3).basis.endswith(
            "repeats show smaller differences."
        )
        assert estimate(300, 900, TOKENS, None, None, 300, 3).basis.endswith(
            "repeats show smaller differences."
        )

    def test_questions_in_clusters_are_no_independent_ones(self) -> None:
        assert "clusters" not in estimate(300, 300, TOKENS, None, None, 300).basis
        found = estimate(300, 300, TOKENS, None, None, 40)
        assert found.power == estimate(300, 300, TOKENS, None, None).power
        assert "that of 300 independent questions: these belong to 40 clusters" in found.basis
        assert "that of 40, which detect 19." in found.basis

    def test_nothing_known(self) -> None:
        found = estimate(50, 100, TOKENS, None, None)
        assert (found.cost_usd, found.seconds) == (None, None)


class TestPower:
    def test_of_a_hundred_questions(self) -> None:
        found = power(100)
        assert found.needed == 626
        assert found.detectable == pytest.approx(0.124, abs=0.002)

    def test_of_too_few_to_show_anything(self) -> None:
        assert power(5).detectable is None


class TestSpread:
    QUESTIONS = tuple(QuestionTokens(100.0 + 10 * (each % 5), 20.0, 0.0, 0.0) for each in range(20))
    PRICE = Price(input=10.0, output=20.0)

    def test_an_interval_is_around_the_estimate(self) -> None:
        spread = spread_of(self.QUESTIONS, self.PRICE, 200)
        found = estimate(200, 200, TOKENS, self.PRICE, None, spread=spread)
        assert found.measured_questions == 20
        assert found.tokens_low is not None
        assert found.tokens_high is not None
        assert found.tokens_low < 1_500_000 < found.tokens_high
        assert found.cost_usd == pytest.approx(20.0)
        assert found.cost_low_usd is not None
        assert found.cost_high_usd is not None
        assert 20.0 - found.cost_low_usd == pytest.approx(found.cost_high_usd - 20.0)
        assert 0 < 20.0 - found.cost_low_usd < 2.0

    def test_nothing_measured_has_none(self) -> None:
        found = estimate(200, 200, TOKENS, self.PRICE, None, spread=spread_of([], self.PRICE, 200))
        assert (found.measured_questions, found.tokens_low, found.cost_high_usd) == (0, None, None)

    def test_without_a_price_only_tokens_are_estimated(self) -> None:
        found = estimate(200, 200, TOKENS, None, None, spread=spread_of(self.QUESTIONS, None, 200))
        assert found.tokens_low is not None
        assert (found.cost_usd, found.cost_low_usd) == (None, None)

    def test_what_the_provider_had_in_its_cache_is_cheaper(self) -> None:
        price = Price(input=10.0, cached_input=1.0, output=20.0)
        half = [QuestionTokens(100.0, 0.0, 50.0, 0.0)] * 9
        found = estimate(200, 200, TOKENS, price, None, spread=spread_of(half, price, 200))
        assert found.cost_usd == pytest.approx(20.0 * (50 + 5) / 100)

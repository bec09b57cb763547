"""Tests of gates of several rules: Holm over intervals, and the tiers."""

from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.gate_policy import (
    RuleTest,
    Tier,
    decide_gate,
    decide_rules,
)
from app.services.evaluation.statistics.likelihood import t_quantile
from app.services.evaluation.statistics.noninferiority import Decision
from app.services.evaluation.statistics.paired import paired_draws

PASS, FAIL, OPEN = Decision.PASS, Decision.FAIL, Decision.CANNOT_TELL


def normal(mean: float, error: float = 0.01, *, margin: float = 0.02, equivalence: bool = False) -> RuleTest:
    """A rule whose difference is normally distributed with a known error."""

    def bounds(level: float) -> Bounds:
        half = t_quantile(1e9, level) * error
        return mean - half, mean + half

    return RuleTest(bounds, 1_000, margin, equivalence)


def decisions(*rules: RuleTest | None) -> list[Decision | None]:
    return [one.decision if one else None for one in decide_rules(rules)]


class TestRules:
    @pytest.mark.parametrize(
        ("mean", "equivalence", "decision", "level"),
        [
            (0.001, False, PASS, 0.95),
            (-0.02, False, OPEN, 0.95),
            (-0.041, False, FAIL, 0.95),
            (0.003, True, PASS, 0.9),
            (0.01, True, OPEN, 0.9),
            (0.037, True, FAIL, 0.9),
        ],
    )
    def test_one_alone_is_decided_as_a_gate_of_one(
        self, mean: float, equivalence: bool, decision: Decision, level: float
    ) -> None:
        (found,) = decide_rules([normal(mean, equivalence=equivalence)])
        assert found is not None
        assert found.decision is decision
        assert found.level == pytest.approx(level)

    def test_each_one_decided_makes_the_next_easier(self) -> None:
        # z = 2.0 beyond the margin: enough alone (1.96), not among two (2.24); z = 5 is enough always.
        sure, near = normal(0.03), normal(0.0)
        assert decisions(near) == [PASS]
        assert decisions(near, normal(-0.02)) == [OPEN, OPEN]
        assert decisions(near, sure) == [PASS, PASS]
        assert [one.level for one in decide_rules([near, sure]) if one] == pytest.approx([0.95, 0.975])

    def test_what_fails_does_not_make_it_easier_to_pass(self) -> None:
        assert decisions(normal(0.0), normal(-0.2)) == [OPEN, FAIL]

    def test_what_cannot_be_tested_counts_in_the_family(self) -> None:
        assert decisions(normal(0.0), None) == [OPEN, None]

    def test_is_holm_s_method(self) -> None:
        rng = np.random.default_rng(1)
        for _ in range(50):
            z = rng.normal(2.2, 1, 4)
            found = decisions(*(normal(0.01 * one - 0.02) for one in z))
            # Two-sided p values of a difference of just the margin, of which those above it pass.
            p = [2 * (1 - NormalDist().cdf(one)) if one > 0 else 1.0 for one in z]
            rejected = multipletests(p, method="holm")[0]
            assert [one is PASS for one in found] == rejected.tolist()

    def test_too_few_units_never_decide(self) -> None:
        few = RuleTest(lambda _level: (0.0, 0.01), 19, 0.02)
        both = RuleTest(few.bounds, 19, 0.02, equivalence=True)
        assert decisions(few, both) == [OPEN, OPEN]

    def test_any_wrong_pass_of_rules_broken_by_just_the_margin(self) -> None:
        rng = np.random.default_rng(7)
        wrong = 0
        for _ in range(300):
            tables = rng.multinomial(200, [0.14, 0.06, 0.8], size=5)  # 8 points worse
            wrong += PASS in decisions(*(_of_table(*table[:2]) for table in tables))
        assert wrong / 300 <= 0.05


def _of_table(lost: int, won: int) -> RuleTest:
    first, second = np.ones(200), np.ones(200)
    second[:lost] = 0
    first[lost : lost + won] = 0
    draws = paired_draws(first, second, seed=0)

    def bounds(level: float) -> Bounds:
        found = draws.difference(level=level)
        return found.low, found.high

    return RuleTest(bounds, 200, 0.08)


class TestGate:
    @pytest.mark.parametrize(
        ("critical", "supporting", "allowed", "decision"),
        [
            ([PASS], [PASS], 0, PASS),
            ([FAIL], [PASS], 9, FAIL),
            ([OPEN], [PASS], 9, OPEN),
            ([PASS], [FAIL], 0, FAIL),
            ([PASS], [FAIL], 1, PASS),
            ([PASS], [FAIL, FAIL], 1, FAIL),
            ([PASS], [FAIL, OPEN], 1, OPEN),
            ([PASS], [OPEN], 1, PASS),
            ([OPEN], [FAIL], 0, FAIL),
            ([], [], 0, PASS),
        ],
    )
    def test_tiers(
        self, critical: list[Decision], supporting: list[Decision], allowed: int, decision: Decision
    ) -> None:
        rules = [*product([Tier.CRITICAL], critical), *product([Tier.SUPPORTING], supporting)]
        advisory = [*product([Tier.ADVISORY], [FAIL, OPEN])]
        assert decide_gate([*rules, *advisory], allowed) is decision

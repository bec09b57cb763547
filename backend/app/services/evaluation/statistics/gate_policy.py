"""A gate of several rules: each one's decision, with Holm over all of them, and the decision of the whole.

A rule has two tests: that it is kept (it passes if the opposite is rejected), and that it is broken (it
fails). The probability that any rule wrongly passes is at most α, and so is the probability that any wrongly
fails: each of these is a family of m tests, in which a further one is decided at the level α/(m − r) once r
were. One rule alone is decided as ``noninferiority.gate_decision`` and ``equivalence_decision`` do. Source:
Holm 1979.

A test at the level a is read off an interval: of the level 1 − a for noninferiority, which is a one-sided
test at a/2, and of the level 1 − 2a for equivalence, which is two one-sided tests at a each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.noninferiority import (
    FEWEST_TO_DECIDE,
    Decision,
    equivalence_decision,
    noninferiority,
)

ALPHA = 0.05


class Tier(StrEnum):
    """What a rule that fails means for the gate."""

    CRITICAL = "critical"
    SUPPORTING = "supporting"
    ADVISORY = "advisory"


@dataclass(frozen=True, slots=True)
class RuleTest:
    """What decides a rule.

    Attributes:
        bounds: returns the bounds of the difference (candidate − baseline) for a level, with what failed
            counted against the candidate in the lower one, and for it in the upper one.
        units: independent ones that they are computed from.
        margin: the largest loss that is accepted, or with ``equivalence`` the largest difference.
        equivalence: whether the candidate must not be better by more than the margin, either.
        fewest: units that a decision needs; 1 for intervals that keep their promise with any number, as
            anytime-valid ones do.
    """

    bounds: Callable[[float], Bounds]
    units: int
    margin: float
    equivalence: bool = False
    fewest: int = FEWEST_TO_DECIDE

    def level(self, alpha: float) -> float:
        """Return the level of the interval that tests at ``alpha``."""
        return 1 - 2 * alpha if self.equivalence else 1 - alpha

    def decide(self, alpha: float) -> Decision:
        """Decide at the level ``alpha``."""
        low, high = self.bounds(self.level(alpha))
        # Width zero is no knowledge: all units that were seen were equal.
        if self.units < self.fewest or low == high:
            return Decision.CANNOT_TELL
        if not self.equivalence:
            return noninferiority(low, high, self.margin)
        within = -self.margin < low and high < self.margin
        return equivalence_decision((low, high), FEWEST_TO_DECIDE, self.margin, within=within)


@dataclass(frozen=True, slots=True)
class RuleDecision:
    """A rule's decision.

    Attributes:
        low: the lower bound of the difference.
        high: the upper bound.
        level: of the interval, at which the decision was taken.
    """

    decision: Decision
    low: float
    high: float
    level: float


def decide_rules(rules: Sequence[RuleTest | None], alpha: float = ALPHA) -> list[RuleDecision | None]:
    """Return the decision of each rule, with Holm over all of them.

    Args:
        rules: in any order; ``None``: nothing can be tested, since an experiment is missing. It counts in
            the family all the same, which must not depend on the data.
        alpha: probability of any wrong pass, and of any wrong failure.
    """
    passed = _decided(rules, Decision.PASS, alpha)
    failed = _decided(rules, Decision.FAIL, alpha)
    open_at = alpha / max(1, len(rules) - len(passed))
    found: list[RuleDecision | None] = []
    for place, rule in enumerate(rules):
        if rule is None:
            found.append(None)
            continue
        decision, at = Decision.CANNOT_TELL, open_at
        if place in passed:
            decision, at = Decision.PASS, passed[place]
        elif place in failed:
            decision, at = Decision.FAIL, failed[place]
        level = rule.level(at)
        found.append(RuleDecision(decision, *rule.bounds(level), level))
    return found


def _decided(rules: Sequence[RuleTest | None], wanted: Decision, alpha: float) -> dict[int, float]:
    """Return the rules of one decision, by place, with the level of the test that has taken it."""
    found: dict[int, float] = {}
    while len(found) < len(rules):
        at = alpha / (len(rules) - len(found))
        there = [
            place
            for place, rule in enumerate(rules)
            if rule is not None and place not in found and rule.decide(at) is wanted
        ]
        if not there:
            break
        found |= dict.fromkeys(there, at)
    return found


def decide_gate(rules: Sequence[tuple[Tier, Decision]], supporting_failures: int = 0) -> Decision:
    """Return the decision of a gate.

    Args:
        rules: tier and decision of each.
        supporting_failures: how many supporting rules may fail.

    Returns:
        Fail if a critical rule does, or more supporting ones than may; cannot tell if that could still be,
        with the rules that are not decided; else pass. Advisory rules do not count.
    """

    def count(tier: Tier, decision: Decision) -> int:
        return sum(one == (tier, decision) for one in rules)

    failing = count(Tier.SUPPORTING, Decision.FAIL)
    if count(Tier.CRITICAL, Decision.FAIL) or failing > supporting_failures:
        return Decision.FAIL
    undecided = count(Tier.SUPPORTING, Decision.CANNOT_TELL)
    if count(Tier.CRITICAL, Decision.CANNOT_TELL) or failing + undecided > supporting_failures:
        return Decision.CANNOT_TELL
    return Decision.PASS

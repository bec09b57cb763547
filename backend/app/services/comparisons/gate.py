"""A gate by a policy: finds the experiments of each rule, compares them, and decides."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.domain.rounding import interval_in_points, percent, signed_points
from app.models import Experiment
from app.schemas.comparison_wording import warnings_of
from app.schemas.gate import GateOut, GatePolicy, GateRequest, GateRule, GateRuleOut
from app.services.comparisons.compare import ScoreComparison
from app.services.comparisons.comparison import Comparison
from app.services.comparisons.report import comparison_out
from app.services.comparisons.service import ComparisonService
from app.services.comparisons.settling import SettlingService
from app.services.evaluation.statistics.gate_policy import (
    ALPHA,
    RuleDecision,
    RuleTest,
    Tier,
    decide_gate,
    decide_rules,
)
from app.services.evaluation.statistics.noninferiority import Decision
from app.services.results.service import ResultService
from app.services.runtime import Runtime


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is to decide a rule.

    Attributes:
        rule: of the policy.
        ids: of baseline and candidate; None where none was given.
        test: that decides; None if there is none.
        difference: candidate − baseline, on what both answered.
        questions: that the pairs are of.
        anytime_valid: whether the test allows for looking after every answer.
        not_run: planned runs that an ordinary test would need.
        why: there is no test.
        warnings: what makes the two less comparable.
    """

    rule: GateRule
    ids: tuple[uuid.UUID | None, uuid.UUID | None]
    test: RuleTest | None = None
    difference: float | None = None
    questions: int | None = None
    anytime_valid: bool = False
    not_run: int = 0
    why: str = ""
    warnings: list[str] = field(default_factory=list)


class GateService:
    """Reads only."""

    def __init__(self, session: AsyncSession, runtime: Runtime) -> None:
        self._results = ResultService(session)
        self._comparisons = ComparisonService(session, runtime)
        self._settling = SettlingService(session)
        self._compared: dict[tuple[uuid.UUID, uuid.UUID, str | None], Comparison] = {}

    async def decide(self, asked: GateRequest) -> GateOut:
        """Return the decision of a policy on these experiments.

        Raises:
            InvalidInput: if two of the baselines, or of the candidates, are of one dataset.
            NotFound: if an experiment has no result, or not the scoring of a rule.
        """
        baselines = await self._by_dataset("baselines", asked.baselines)
        candidates = await self._by_dataset("candidates", asked.candidates)
        found = [
            await self._found(rule, baselines.get(rule.dataset), candidates.get(rule.dataset))
            for rule in asked.policy.rules
        ]
        return gate_out(asked.policy, found)

    async def _by_dataset(self, field_: str, ids: Sequence[uuid.UUID]) -> dict[str, Experiment]:
        found: dict[str, Experiment] = {}
        for one in dict.fromkeys(ids):
            experiment = (await self._results.result(one)).experiment
            if experiment.dataset_name in found:
                raise InvalidInput(
                    f"Two of the {field_} are of {experiment.dataset_name}: a rule would not know which.",
                    hint="Give one for each dataset.",
                    errors=[FieldError(field_, "one for each dataset")],
                )
            found[experiment.dataset_name] = experiment
        return found

    async def _found(
        self, rule: GateRule, baseline: Experiment | None, candidate: Experiment | None
    ) -> _Found:
        ids = (baseline.id if baseline else None, candidate.id if candidate else None)
        if baseline is None or candidate is None:
            missing = "baseline" if baseline is None else "candidate"
            return _Found(rule, ids, why=f"no {missing} of {rule.dataset} was given")
        if baseline.id == candidate.id:
            return _Found(rule, ids, why="baseline and candidate are the same experiment")
        comparison = await self._comparison(baseline.id, candidate.id, rule.scoring)
        out = comparison_out(comparison)
        score = next((one for one in comparison.against_baseline[0].scores if one.score == rule.score), None)
        if score is None:
            shared = sorted(one.score for one in comparison.against_baseline[0].scores)
            return _Found(rule, ids, why=f"they do not share this score, but {', '.join(shared) or 'none'}")
        warnings = warnings_of(out)
        settling = out.settling
        if settling is not None and settling.score == rule.score and rule.scoring is None:
            bets = await self._settling.bets((baseline, candidate), rule.margin or 1.0)
            both_ways = rule.equivalence is not None
            test = RuleTest(bets.bounds, bets.pairs, rule.margin, both_ways, fewest=1)
            middle = sum(bets.range_of_means) / 2
            return _Found(rule, ids, test, middle, bets.pairs, anytime_valid=True, warnings=warnings)
        not_run = sum(one.metrics.counts.missing for one in out.experiments)
        return _ordinary(rule, (baseline.id, candidate.id), score, not_run, warnings)

    async def _comparison(self, baseline: uuid.UUID, candidate: uuid.UUID, scoring: str | None) -> Comparison:
        asked = (baseline, candidate, scoring)
        if asked not in self._compared:
            scorings = () if scoring is None else (scoring,)
            self._compared[asked] = await self._comparisons.compare((baseline, candidate), scorings=scorings)
        return self._compared[asked]


def _ordinary(
    rule: GateRule,
    ids: tuple[uuid.UUID, uuid.UUID],
    score: ScoreComparison,
    not_run: int,
    warnings: list[str],
) -> _Found:
    draws, paired = score.draws, score.paired
    if draws is None or paired is None:
        return _Found(rule, ids, why=f"too few questions are paired for a test: {score.n_paired:,}")
    both_ways = rule.equivalence is not None
    test = RuleTest(
        lambda level: draws.bounds(level, cautious=both_ways), paired.units, rule.margin, both_ways
    )
    return _Found(rule, ids, test, paired.difference, score.questions, not_run=not_run, warnings=warnings)


def gate_out(policy: GatePolicy, found: Sequence[_Found]) -> GateOut:
    """Return the decision on what was found for each rule.

    Critical and supporting rules are one family, since they decide. Advisory ones are another: what is only
    reported must not make the gate less able to tell.
    """
    decided: dict[int, RuleDecision | None] = {}
    families: list[int] = []
    for advisory in (False, True):
        places = [n for n, one in enumerate(found) if (one.rule.tier == "advisory") is advisory]
        # What was not run may decide: such a rule is not tested, and counts in the family all the same.
        tests = [None if found[n].not_run else found[n].test for n in places]
        decided |= dict(zip(places, decide_rules(tests), strict=True))
        families.append(len(places))
    rules = [_rule_out(one, decided[n]) for n, one in enumerate(found)]
    tiers = [(Tier(one.tier), Decision(one.decision)) for one in rules]
    decision = decide_gate(tiers, policy.supporting_failures)
    return GateOut(
        name=policy.name,
        decision=decision.value,
        message=_message(decision, rules, policy.supporting_failures),
        rules=rules,
        notes=_notes(families, rules),
    )


def _rule_out(found: _Found, decided: RuleDecision | None) -> GateRuleOut:
    rule, test = found.rule, found.test
    decision = decided.decision if decided else Decision.CANNOT_TELL
    return GateRuleOut(
        dataset=rule.dataset,
        score=rule.score,
        scoring=rule.scoring,
        tier=rule.tier,
        margin=rule.margin,
        equivalence=rule.equivalence is not None,
        baseline_id=found.ids[0],
        candidate_id=found.ids[1],
        decision=decision.value,
        difference=found.difference,
        low=decided.low if decided else None,
        high=decided.high if decided else None,
        level=decided.level if decided else None,
        units=test.units if test else None,
        n_questions=found.questions,
        anytime_valid=found.anytime_valid,
        message=_rule_message(found, decided, decision),
        warnings=found.warnings,
    )


def _rule_message(found: _Found, decided: RuleDecision | None, decision: Decision) -> str:
    rule, test = found.rule, found.test
    both = rule.equivalence is not None
    margin = f"{100 * rule.margin:g} points"
    worse = f"worse by more than {margin}" if rule.margin else "worse"
    by = f" by the scoring {rule.scoring}" if rule.scoring else ""
    what = f"{rule.score}{by} on {rule.dataset}"
    if found.not_run:
        return f"{what}: {found.not_run:,} planned runs were not run."
    if decided is None or test is None:
        return f"{what}: {found.why}."
    kind = "anytime-valid " if found.anytime_valid else ""
    seen = (
        f"{signed_points(found.difference or 0.0)} points, {kind}{percent(decided.level)} interval "
        f"{interval_in_points(decided.low, decided.high)} on {found.questions or 0:,} questions"
    )
    if decision is Decision.PASS:
        words = f"equivalent within {margin}" if both else f"not {worse}"
    elif decision is Decision.FAIL:
        side = "better" if decided.low > rule.margin else "worse"
        words = f"not equivalent: {side} by more than {margin}" if both else worse
    elif test.units < test.fewest:
        words = f"a decision needs {test.fewest} independent questions or clusters at least"
    else:
        words = f"cannot tell if {f'within {margin}' if both else worse}"
    return f"{what}: {words}: {seen}."


def _message(decision: Decision, rules: Sequence[GateRuleOut], allowed: int) -> str:
    counted = ", ".join(
        f"{tier} {_of(rules, tier)}"
        for tier in ("critical", "supporting", "advisory")
        if any(one.tier == tier for one in rules)
    )
    may = f"; {allowed} supporting may fail" if allowed else ""
    return f"{decision.upper()}: {counted}{may}"


def _of(rules: Sequence[GateRuleOut], tier: str) -> str:
    mine = [one.decision for one in rules if one.tier == tier]
    words = {"pass": "passed", "fail": "failed", "cannot tell": "undecided"}
    return " ".join(f"{mine.count(one)} {word}" for one, word in words.items() if one in mine)


def _notes(families: Sequence[int], rules: Sequence[GateRuleOut]) -> list[str]:
    notes = []
    names = ("critical and supporting", "advisory")
    for family, name in zip(families, names, strict=True):
        if family > 1:
            notes.append(
                f"The {family} {name} rules are one family by Holm's method: the probability that any of "
                f"them wrongly passes is at most {100 * ALPHA:g} %, and so is that of any wrong failure."
            )
    if any(one.anytime_valid for one in rules):
        notes.append("An anytime-valid interval decides where a comparison could end early.")
    return notes

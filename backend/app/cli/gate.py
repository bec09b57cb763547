"""The command ``gate``, for continuous integration: is a candidate not worse than a baseline, or as good?"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from app.cli.client import JsonOption, connected, fail
from app.cli.comparisons import metric_of
from app.cli.gate_outcome import EXIT, GateCase, GateOutcome, junit_xml, write
from app.cli.gate_policy import by_policy
from app.cli.render import print_json
from app.client.api import Query
from app.core.markdown import plain
from app.core.visible import visible
from app.domain.rounding import fixed, interval_in_points
from app.schemas.comparison import (
    ComparisonOut,
    DifferenceStatistics,
    EquivalenceOut,
    ScoreDifference,
    SettlingSide,
)
from app.schemas.comparison_wording import equivalence_line, warnings_of
from app.services.comparisons.markdown import as_markdown
from app.services.evaluation.statistics.gate_policy import ALPHA, RuleTest
from app.services.evaluation.statistics.noninferiority import (
    FEWEST_TO_DECIDE,
    Decision,
    equivalence_decision,
    gate_decision,
)

_WORDS = {
    Decision.PASS: "PASS: not worse by more than the margin",
    Decision.FAIL: "FAIL: worse by more than the margin",
    Decision.CANNOT_TELL: "CANNOT TELL: the interval contains the margin; more questions are needed",
}
_OUTSIDE = "FAIL: not equivalent: {} by more than the margin"
_UNSURE = "CANNOT TELL: the interval is not within the margin; more questions are needed"
_TOO_FEW = f"CANNOT TELL: a decision needs {FEWEST_TO_DECIDE} independent questions or clusters at least"
_MISSING = "CANNOT TELL: what failed or has no score could decide"


@contextmanager
def _usage_errors() -> Iterator[None]:
    """End with 2 whatever ends the command before there is a decision: 1 would say that one is worse."""
    try:
        yield
    except typer.Exit as ended:
        raise typer.Exit(EXIT[Decision.CANNOT_TELL]) from ended


@dataclass(frozen=True, slots=True)
class _Gate:
    """A decision, its first line, and what was asked."""

    decision: Decision
    words: str
    asked: str = "is not worse"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a gate of one candidate is asked.

    Attributes:
        metric: the score that decides.
        scoring: by which the answers are scored; ``None``: as they were when they ran.
        noninferiority: the largest loss that passes.
        equivalence: instead, the largest difference either way.
    """

    metric: str
    scoring: str | None
    noninferiority: float | None
    equivalence: float | None

    @property
    def margin(self) -> float:
        """The largest loss, or difference, that passes."""
        return self.noninferiority or 0.0 if self.equivalence is None else self.equivalence


def gate(
    baseline: Annotated[
        list[str],
        typer.Option(help="An experiment: its id, or the first characters; with --policy one per dataset."),
    ],
    candidate: Annotated[
        list[str], typer.Option(help="The experiment that must not be worse; with --policy one per dataset.")
    ],
    policy: Annotated[
        Path | None,
        typer.Option(help="Decide by the rules of this file, on several datasets and scores."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="The score to decide on.", show_default="exact_match")
    ] = None,
    noninferiority: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Margin: the largest loss that passes; .02 is 2 points; default 0."),
    ] = None,
    equivalence: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Instead: the largest difference, either way, that passes.",
        ),
    ] = None,
    scoring: Annotated[
        str | None, typer.Option(help="Name of a scoring of both; default: the scores that they ran with.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit XML file.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write a Markdown comment.")] = None,
    json: JsonOption = False,
) -> None:
    """Decide by the paired interval whether a candidate is not worse: exit 0 pass, 1 fail, 2 cannot tell.

    With --equivalence: whether it is as good, by two one-sided tests; a candidate that is better or worse
    passes if that is surely less than the margin. With --policy: by the rules of a file. Usage errors exit
    with 2, too, and write no file.
    """
    with _usage_errors():
        if policy is not None:
            if (metric, noninferiority, equivalence, scoring) != (None, None, None, None):
                raise fail("The rules of a policy say score, scoring and margin.", "Leave these options out.")
            outcome = by_policy(policy, baseline, candidate)
        else:
            asked = _Asked(metric or "exact_match", scoring, noninferiority, equivalence)
            outcome = _of_pair(baseline, candidate, asked)
        if junit is not None:
            write(junit, junit_xml(outcome.cases))
        if markdown is not None:
            write(markdown, f"### {plain(outcome.first_line)}\n\n{outcome.markdown}\n")
    if json:
        print_json(outcome.for_programs)
    else:
        typer.echo(outcome.text)
    raise typer.Exit(EXIT[outcome.decision])


def _of_pair(
    baselines: Sequence[str],
    candidates: Sequence[str],
    asked: _Asked,
) -> GateOutcome:
    """Decide on one candidate by one score.

    Raises:
        typer.Exit: if the arguments are wrong, or the two cannot be compared.
    """
    if asked.noninferiority is not None and asked.equivalence is not None:
        raise fail("--noninferiority and --equivalence ask different questions.", "Choose one of them.")
    if len(baselines) != 1 or len(candidates) != 1:
        raise fail("One baseline and one candidate are compared.", "Several need --policy.")
    margin, metric, equivalence = asked.margin, asked.metric, asked.equivalence
    comparison, difference, statistics = _compared(baselines[0], candidates[0], asked)
    not_run = sum(one.metrics.counts.missing for one in comparison.experiments)
    settled = _settled_side(comparison, metric) if asked.scoring is None else None
    same = None if equivalence is None else difference.equivalence
    if settled is not None:
        found = _decide_settled(settled, margin, equivalence=equivalence is not None)
    elif same is None:
        found = _decide(difference, statistics, margin, not_run)
    else:
        found = _decide_equivalence(same, statistics.units, not_run)
    missing = [difference.missing.message] if difference.missing else []
    seen = [_seen(difference, statistics, margin), *([equivalence_line(same)] if same else [])]
    if settled is not None:
        seen = [settled.message, *(f"For the record: {line}" for line in seen), *_notes(comparison)]
    text = visible("\n".join([found.words, *seen, *missing, *_warnings(comparison)]))
    return GateOutcome(
        found.decision,
        found.words,
        text,
        as_markdown(comparison, metric),
        [GateCase(f"{metric} {found.asked}", found.decision, found.words, text)],
        {"decision": found.decision.value, "margin": margin, "metric": metric, **difference.model_dump()},
    )


def _compared(
    baseline: str, candidate: str, asked: _Asked
) -> tuple[ComparisonOut, ScoreDifference, DifferenceStatistics]:
    """Return the comparison, its difference of the metric, and that one's statistics.

    Raises:
        typer.Exit: if there are none, or the arguments are wrong.
    """
    if not isfinite(asked.margin) or asked.equivalence == 0:
        raise fail(f"{asked.margin} is no margin.", "A margin lies between 0 and 1: .02 is 2 points.")
    with connected(start=False) as api:
        ids = [str(api.resolve(baseline)), str(api.resolve(candidate))]
        chosen: dict[str, Query] = {} if asked.equivalence is None else {"margin": asked.equivalence}
        chosen |= {} if asked.scoring is None else {"scoring": [asked.scoring]}
        comparison = api.get("/results/compare", ComparisonOut, ids=ids, **chosen)
    difference = metric_of(comparison, asked.metric)[0]
    if difference.statistics is None:
        raise fail(f"No decision. {difference.message}", "Run both on the same dataset and seed.")
    return comparison, difference, difference.statistics


def _decide(
    difference: ScoreDifference, statistics: DifferenceStatistics, margin: float, not_run: int
) -> _Gate:
    missing, interval = difference.missing, (statistics.low, statistics.high)
    with_missing = (missing.interval_low, missing.interval_high) if missing else None
    decision = gate_decision(interval, statistics.units, margin, with_missing)
    words = _WORDS[decision]
    if decision is Decision.CANNOT_TELL:
        if statistics.units < FEWEST_TO_DECIDE:
            words = f"{_TOO_FEW}; there are {statistics.units}"
        elif gate_decision(interval, statistics.units, margin) is not decision:
            words = _MISSING
    elif not_run:
        decision, words = Decision.CANNOT_TELL, _not_run(not_run)
    return _Gate(decision, words)


def _decide_equivalence(same: EquivalenceOut, units: int, not_run: int) -> _Gate:
    decision = equivalence_decision((same.low, same.high), units, same.margin, within=same.within)
    if decision is Decision.PASS:
        words = f"PASS: {same.sentence}"
    elif decision is Decision.FAIL:
        words = _OUTSIDE.format("better" if same.low > 0 else "worse")
    else:
        words = f"{_TOO_FEW}; there are {units}" if units < FEWEST_TO_DECIDE else _UNSURE
    if not_run and decision is not Decision.CANNOT_TELL:
        decision, words = Decision.CANNOT_TELL, _not_run(not_run)
    return _Gate(decision, words, "is equivalent")


def _settled_side(comparison: ComparisonOut, metric: str) -> SettlingSide | None:
    """Return what an anytime-valid interval says, where the comparison could end early by this score."""
    found = comparison.settling
    return found.sides[0] if found is not None and found.score == metric and found.sides else None


def _decide_settled(side: SettlingSide, margin: float, *, equivalence: bool) -> _Gate:
    """Decide by the anytime-valid interval, with any number of questions, and whatever was saved."""
    bounds = (side.two_tests_low, side.two_tests_high) if equivalence else (side.low, side.high)
    test = RuleTest(lambda _level: bounds, side.compared, margin, equivalence, fewest=1)
    decision = test.decide(ALPHA)
    if not equivalence:
        return _Gate(decision, _WORDS[decision])
    words = {
        Decision.PASS: f"PASS: equivalent within {100 * margin:g} points",
        Decision.FAIL: _OUTSIDE.format("better" if bounds[0] > 0 else "worse"),
        Decision.CANNOT_TELL: _UNSURE,
    }
    return _Gate(decision, words[decision], "is equivalent")


def _notes(comparison: ComparisonOut) -> list[str]:
    return comparison.settling.notes if comparison.settling else []


def _not_run(runs: int) -> str:
    return f"CANNOT TELL: {runs:,} planned runs were not run"


def _seen(difference: ScoreDifference, statistics: DifferenceStatistics, margin: float) -> str:
    change = fixed(100 * (difference.difference or 0.0), sign=True)
    return (
        f"{difference.score}: candidate − baseline = {change} points "
        f"{interval_in_points(statistics.low, statistics.high)} "
        f"on {_counted(difference, statistics.units)}; margin {100 * margin:g} points"
    ).replace("-", "−")


def _counted(difference: ScoreDifference, units: int) -> str:
    questions = difference.n_questions
    text = f"{questions:,} question" if questions == 1 else f"{questions:,} questions"
    if questions < difference.n_paired:
        text = f"{difference.n_paired:,} pairs of answers to {text}"
    return f"{text} in {units:,} clusters" if units < questions else text


def _warnings(comparison: ComparisonOut) -> list[str]:
    return [f"warning: {line}" for line in warnings_of(comparison)]

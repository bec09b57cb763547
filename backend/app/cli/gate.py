"""The command ``gate``, for continuous integration: is a candidate not worse than a baseline?"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from app.cli.client import JsonOption, connected, fail, say
from app.cli.comparisons import as_markdown, metric_of, warnings_of
from app.cli.render import print_json
from app.core.visible import visible
from app.domain.rounding import fixed, interval_in_points
from app.schemas.comparison import ComparisonOut, DifferenceStatistics, ScoreDifference
from app.services.evaluation.statistics.noninferiority import FEWEST_TO_DECIDE, Decision, gate_decision

_EXIT = {Decision.PASS: 0, Decision.FAIL: 1, Decision.CANNOT_TELL: 2}
_WORDS = {
    Decision.PASS: "PASS: not worse by more than the margin",
    Decision.FAIL: "FAIL: worse by more than the margin",
    Decision.CANNOT_TELL: "CANNOT TELL: the interval contains the margin; more questions are needed",
}
_TOO_FEW = f"CANNOT TELL: a decision needs {FEWEST_TO_DECIDE} independent questions or clusters at least"
_MISSING = "CANNOT TELL: what failed or has no score could decide"


@contextmanager
def _usage_errors() -> Iterator[None]:
    """End with 2 whatever ends the command before there is a decision: 1 would say that one is worse."""
    try:
        yield
    except typer.Exit as ended:
        raise typer.Exit(_EXIT[Decision.CANNOT_TELL]) from ended


@dataclass(frozen=True, slots=True)
class _Gate:
    """A decision, and its first line."""

    decision: Decision
    words: str


def gate(
    baseline: Annotated[str, typer.Option(help="An experiment: its id, or the first characters.")],
    candidate: Annotated[str, typer.Option(help="The experiment that must not be worse.")],
    metric: Annotated[str, typer.Option(help="The score to decide on.")] = "exact_match",
    margin: Annotated[
        float,
        typer.Option(
            "--noninferiority", min=0, max=1, help="Margin: the largest loss that passes; .02 is 2 points."
        ),
    ] = 0.0,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit XML file.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write a Markdown comment.")] = None,
    json: JsonOption = False,
) -> None:
    """Decide by the paired interval whether a candidate is not worse: exit 0 pass, 1 fail, 2 cannot tell.

    Usage errors exit with 2, too, and write no file.
    """
    with _usage_errors():
        comparison, difference, statistics = _compared(baseline, candidate, metric, margin)
    not_run = sum(one.metrics.counts.missing for one in comparison.experiments)
    found = _decide(difference, statistics, margin, not_run)
    missing = [difference.missing.message] if difference.missing else []
    seen = _seen(difference, statistics, margin)
    text = visible("\n".join([found.words, seen, *missing, *_warnings(comparison)]))
    if junit is not None:
        _write(junit, _junit(found, metric, text))
    if markdown is not None:
        _write(markdown, f"### {found.words}\n\n{as_markdown(comparison, metric)}\n")
    if json:
        print_json(
            {"decision": found.decision.value, "margin": margin, "metric": metric, **difference.model_dump()}
        )
    else:
        typer.echo(text)
    raise typer.Exit(_EXIT[found.decision])


def _compared(
    baseline: str, candidate: str, metric: str, margin: float
) -> tuple[ComparisonOut, ScoreDifference, DifferenceStatistics]:
    """Return the comparison, its difference of the metric, and that one's statistics.

    Raises:
        typer.Exit: if there are none, or the arguments are wrong.
    """
    if not isfinite(margin):
        raise fail(f"{margin} is no margin.", "A margin lies between 0 and 1: .02 is 2 points.")
    with connected(start=False) as api:
        ids = [str(api.resolve(baseline)), str(api.resolve(candidate))]
        comparison = api.get("/results/compare", ComparisonOut, ids=ids)
    difference = metric_of(comparison, metric)[0]
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
        decision, words = Decision.CANNOT_TELL, f"CANNOT TELL: {not_run:,} planned runs were not run"
    return _Gate(decision, words)


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


def _junit(found: _Gate, metric: str, text: str) -> str:
    failed, unsure = found.decision is Decision.FAIL, found.decision is Decision.CANNOT_TELL
    suite = ET.Element(
        "testsuite", name="llmforge gate", tests="1", failures=str(int(failed)), errors=str(int(unsure))
    )
    case = ET.SubElement(suite, "testcase", classname="llmforge.gate", name=visible(f"{metric} is not worse"))
    if failed or unsure:
        ET.SubElement(case, "failure" if failed else "error", message=found.words).text = text
    else:
        ET.SubElement(case, "system-out").text = text
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise fail(f"Cannot write {path}: {error.strerror}.", code=2) from error
    say(f"wrote {path}")

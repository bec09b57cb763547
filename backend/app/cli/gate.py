"""The command ``gate``, for continuous integration: is a candidate not worse than a baseline?"""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Annotated

import typer

from app.cli.client import JsonOption, connected, fail, say
from app.cli.comparisons import as_markdown, metric_of, warnings_of
from app.cli.render import print_json
from app.core.visible import visible
from app.schemas.comparison import ComparisonOut, DifferenceStatistics, ScoreDifference
from app.services.evaluation.statistics.verdict import Decision, noninferiority

_EXIT = {Decision.PASS: 0, Decision.FAIL: 1, Decision.CANNOT_TELL: 2}
_WORDS = {
    Decision.PASS: "PASS: not worse by more than the margin",
    Decision.FAIL: "FAIL: worse by more than the margin",
    Decision.CANNOT_TELL: "CANNOT TELL: the interval contains the margin; more questions are needed",
}


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
    with connected(start=False) as api:
        ids = [str(api.resolve(baseline)), str(api.resolve(candidate))]
        comparison = api.get("/results/compare", ComparisonOut, ids=ids)
    difference = metric_of(comparison, metric)[0]
    statistics = difference.statistics
    if statistics is None:
        raise fail(
            "Too few questions could be paired for a decision.",
            "Run both on the same dataset and seed.",
            code=2,
        )
    decision = noninferiority(statistics.low, statistics.high, margin)
    said = [_WORDS[decision], _seen(difference, statistics, margin), *_warnings(comparison)]
    text = visible("\n".join(said))
    if junit is not None:
        _write(junit, _junit(decision, metric, text))
    if markdown is not None:
        _write(markdown, f"### {_WORDS[decision]}\n\n{as_markdown(comparison, metric)}\n")
    if json:
        print_json(
            {"decision": decision.value, "margin": margin, "metric": metric, **difference.model_dump()}
        )
    else:
        typer.echo(text)
    raise typer.Exit(_EXIT[decision])


def _seen(difference: ScoreDifference, statistics: DifferenceStatistics, margin: float) -> str:
    return (
        f"{difference.score}: candidate − baseline = {100 * (difference.difference or 0.0):+.1f} points "
        f"[{100 * statistics.low:.1f}, {100 * statistics.high:.1f}] "
        f"on {difference.n_paired} questions; margin {100 * margin:g} points"
    ).replace("-", "−")


def _warnings(comparison: ComparisonOut) -> list[str]:
    return [f"warning: {line}" for line in warnings_of(comparison)]


def _junit(decision: Decision, metric: str, text: str) -> str:
    failed, unsure = decision is Decision.FAIL, decision is Decision.CANNOT_TELL
    suite = ET.Element(
        "testsuite", name="llmforge gate", tests="1", failures=str(int(failed)), errors=str(int(unsure))
    )
    case = ET.SubElement(suite, "testcase", classname="llmforge.gate", name=visible(f"{metric} is not worse"))
    if failed or unsure:
        ET.SubElement(case, "failure" if failed else "error", message=_WORDS[decision]).text = text
    else:
        ET.SubElement(case, "system-out").text = text
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise fail(f"Cannot write {path}: {error.strerror}.", code=2) from error
    say(f"wrote {path}")

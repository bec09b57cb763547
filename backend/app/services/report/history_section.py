"""What a report says of earlier and later runs of the configurations that it compares."""

import uuid
from collections.abc import Collection
from datetime import UTC

from app.core.markdown import plain, table
from app.domain.generation import total_of
from app.domain.rounding import dollars, format_p, interval, interval_in_points, signed_points
from app.schemas.history import HistoryOut, HistoryStepOut, StepDifference
from app.services.comparisons.history import History, HistoryStep
from app.services.comparisons.history_report import history_out
from app.services.evaluation.metrics.stored import metrics_out

_HEAD = (
    "run",
    "created (UTC)",
    "answers from cache",
    "{score}",
    "against {reference}",
    "against the one before",
    "tokens",
    "paid",
)
_UNKNOWN = "not known"


def history_markdown(
    label: str, history: History, of_report: Collection[uuid.UUID], score: str, margin: float
) -> str:
    """Return the runs of a configuration as a table, and below it what changed between them.

    Args:
        label: of the history's reference, which is one of the compared experiments.
        history: of its configuration.
        of_report: ids of the experiments that the report compares.
        score: that decides.
        margin: the largest difference of the score that does not matter.
    """
    found = history_out(history, score, margin)
    names = {"score": plain(score.replace("_", " ")), "reference": plain(label)}
    rows = [
        _row(step, known, found, of_report) for step, known in zip(found.steps, history.steps, strict=True)
    ]
    changed = [
        f"- {_short(step.experiment_id)}: {plain('; '.join(step.changes))}"
        for step in found.steps
        if step.changes
    ]
    lines = [
        f"The configuration of {names['reference']} was run {len(rows)} times. Each run is compared with the",
        f"reference, {names['reference']}, and with the run before it, on the questions that both answered.",
        "",
        *table([one.format(**names) for one in _HEAD], rows),
    ]
    if changed:
        lines += ["", "What was different from the run before, beside the answers:", "", *changed]
    return "\n".join([*lines, "", *map(plain, [*found.warnings, found.note])])


def _row(
    step: HistoryStepOut, known: HistoryStep, found: HistoryOut, of_report: Collection[uuid.UUID]
) -> list[str]:
    here = ", in this report" if step.experiment_id in of_report else ""
    metrics = metrics_out(known.result.result.metrics)
    tokens = total_of([metrics.tokens.prompt, metrics.tokens.completion])
    is_reference = step.experiment_id == found.reference_id
    return [
        f"{_short(step.experiment_id)}{here}",
        f"{step.created_at.astimezone(UTC):%Y-%m-%d %H:%M}",
        f"{step.cached:,} of {step.answered:,}",
        interval(step.score) if step.score else "not scored",
        "–" if is_reference else _difference(step.against_reference),
        _difference(step.against_previous),
        _UNKNOWN if tokens is None else f"{tokens:,}",
        _UNKNOWN if metrics.cost_usd.total is None else dollars(metrics.cost_usd.total),
    ]


def _difference(one: StepDifference | None) -> str:
    if one is None:
        return "–"
    verdict = one.verdict.replace("_", " ")
    if one.difference is None or one.low is None or one.high is None or one.adjusted_p is None:
        return verdict
    bounds = interval_in_points(one.low, one.high)
    return f"{verdict}: {signed_points(one.difference)} {bounds}, {format_p(one.adjusted_p)}"


def _short(experiment_id: uuid.UUID) -> str:
    return str(experiment_id)[:8]

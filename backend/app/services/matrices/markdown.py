"""A matrix as Markdown, so that no number of a document is copied by hand."""

from collections.abc import Sequence

from app.core.markdown import plain, table
from app.domain.rounding import fixed, signed_points
from app.schemas.matrix import AdviceOut, MatrixCellOut, MatrixOut, ScoreEquivalence
from app.services.matrices.wording import (
    dollars,
    milliseconds,
    number,
    rate_text,
    ratio_text,
    score_text,
    share_text,
)

_OUTCOMES = {
    "equivalent": "equivalent",
    "better": "better",
    "worse": "**worse**",
    "cannot_tell": "cannot tell",
}
_COLUMNS = (
    "optimisation",
    "speed",
    "questions/s",
    "same answers",
    "{score}",
    "difference, points",
    "accuracy",
    "p50",
    "p95",
    "tokens a question",
    "$ per 1,000",
    "from cache",
)


def markdown_of(matrix: MatrixOut) -> str:
    """Return a section on one matrix: what was run, a table for each method, advice, and what failed."""
    base = matrix.config["base"]
    questions = "all" if matrix.questions is None else f"{matrix.questions:,}"
    about = (
        f"{questions} questions of {plain(matrix.dataset)} (version "
        f"{str(base['dataset'].get('version', ''))[:12]}), seed {base.get('seed', 0)}, "
        f"{matrix.rounds} {'round' if matrix.rounds == 1 else 'rounds'}, baseline {plain(matrix.baseline)}, "
        f"margin {fixed(100 * matrix.margin)} points; {matrix.ended - matrix.failed:,} of "
        f"{matrix.total:,} trials completed."
    )
    lines = [f"## {plain(matrix.name)}: {plain(matrix.model)}", "", about, ""]
    lines += [line for warning in matrix.warnings for line in (f"> **Warning:** {plain(warning)}", "")]
    for method in matrix.methods:
        cells = [one for one in matrix.cells if one.method == method]
        lines += [f"### {plain(method)}", "", *_table(cells, matrix.score), ""]
        lines += _advice([one for one in matrix.advice if one.method == method])
    overall = [one for one in matrix.advice if one.method is None]
    return "\n".join([*lines, *_advice(overall), _READING]).rstrip() + "\n"


_READING = (
    "Speed is the ratio of questions a second to the baseline's: the geometric mean over rounds with a 95 % "
    "t interval of its logarithm, paired by round, each interval alone; *?* marks those that contain 1. "
    "Accuracy is equivalent if two one-sided tests at 5 % exclude a difference of the margin or more, the "
    "rounds of a question taken as a cluster. Latencies are those of answers that are not from a cache.\n"
)


def _table(cells: Sequence[MatrixCellOut], score: str) -> list[str]:
    head = [column.format(score=score.replace("_", " ")) for column in _COLUMNS]
    rows = [[plain(one.optimisation), *_row(one)] for one in cells]
    return table(head, rows)


def _row(cell: MatrixCellOut) -> list[str]:
    if cell.questions_per_s is None:
        why = "; ".join(cell.reasons) or "not run yet"
        return [f"*{cell.state}*: {plain(why)}", *[""] * (len(_COLUMNS) - 2)]
    against = cell.against
    speed = "baseline" if against is None else "–"
    if against and against.speed:
        speed = ratio_text(against.speed) + ("" if against.speed.differs else " *?*")
    if cell.state == "partial":
        completed = sum(one.status == "completed" for one in cell.trials)
        speed += f" ({completed} of {len(cell.trials)} rounds)"
    difference, outcome = _difference(against.score) if against and against.score else ("", "")
    return [
        speed,
        rate_text(cell.questions_per_s),
        share_text(against.identical.value) if against and against.identical else "",
        score_text(cell.score) if cell.score else "–",
        difference,
        outcome,
        milliseconds(cell.latency_p50_ms),
        milliseconds(cell.latency_p95_ms),
        "–" if cell.tokens_per_question is None else number(cell.tokens_per_question),
        dollars(cell.usd_per_1000),
        share_text(cell.hit_rate),
    ]


def _difference(found: ScoreEquivalence) -> tuple[str, str]:
    bounds = f"[{signed_points(found.low)}, {signed_points(found.high)}]"
    return f"{signed_points(found.difference)} {bounds}", _OUTCOMES[found.outcome]


def _advice(found: Sequence[AdviceOut]) -> list[str]:
    return [*(f"- {plain(one.text)}" for one in found), ""] if found else []

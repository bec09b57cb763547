"""The report of an optimisation matrix: its tables and advice, and the speed-up of each optimisation."""

import orjson

from app.domain.rounding import fixed
from app.schemas.matrix import MatrixCellOut, MatrixOut
from app.services.matrices.markdown import markdown_of
from app.services.matrices.wording import ratio_text
from app.services.report.content import Report, Section
from app.services.report.figures.base import Emphasis, Figure, IntervalChart, IntervalRow

MATRIX_FILE = "matrix.json"
_ACCURACY = {
    "equivalent": "accuracy equivalent",
    "better": "accuracy better",
    "worse": "accuracy worse",
    "cannot_tell": "accuracy: cannot tell",
}
_TITLE_LINES = 2


def matrix_report(matrix: MatrixOut) -> Report:
    """Return a matrix as a report."""
    tables = "\n".join(markdown_of(matrix).splitlines()[_TITLE_LINES:])
    figures = [figure for method in matrix.methods if (figure := _speed(matrix, method))]
    data = orjson.dumps(matrix.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
    return Report(
        f"{matrix.name}: {matrix.model}",
        (
            Section("Speed-up", "", tuple(figures)),
            Section("Results", tables),
            Section("Make it again", _again(matrix)),
        ),
        {MATRIX_FILE: data},
    )


def _again(matrix: MatrixOut) -> str:
    return (
        f"All numbers, with the configuration, are in `{MATRIX_FILE}` beside this report.\n\n"
        f"```sh\nllmforge report --matrix {matrix.id} --out report\n```"
    )


def _speed(matrix: MatrixOut, method: str) -> Figure | None:
    """Return the speed-up of a method by each optimisation; ``None`` if none was measured."""
    cells = [one for one in matrix.cells if one.method == method]
    rows = tuple(row for cell in cells if (row := _row(cell)))
    if not rows:
        return None
    questions = "all questions" if matrix.questions is None else f"n = {matrix.questions:,} questions"
    margin = fixed(100 * matrix.margin)
    return Figure(
        name=f"speed-{matrix.methods.index(method) + 1}",
        title=f"Speed-up of {method} by optimisation",
        caption=(
            f"Questions a second of {method} as a multiple of {matrix.baseline}: geometric mean over "
            f"{matrix.rounds} rounds, each with its own 95 % t interval, on a logarithmic axis. Circle: "
            "faster; square: slower; diamond: not distinguishable. Accuracy within a margin of "
            f"{margin} points. "
            f"{matrix.model} on {matrix.dataset}, {questions}."
        ),
        alt=f"Speed-up of {method}: " + "; ".join(f"{row.label} {row.text}" for row in rows),
        chart=IntervalChart(
            axis="questions a second, as a multiple of the baseline's", rows=rows, reference=1.0, ratio=True
        ),
    )


def _row(cell: MatrixCellOut) -> IntervalRow | None:
    against = cell.against
    if against is None or against.speed is None:
        return None
    speed = against.speed
    emphasis: Emphasis = "none"
    if speed.differs:
        emphasis = "better" if speed.value > 1 else "worse"
    accuracy = f", {_ACCURACY[against.score.outcome]}" if against.score else ""
    text = f"{ratio_text(speed)}{accuracy}"
    return IntervalRow(cell.optimisation, speed.value, speed.low, speed.high, text, emphasis)

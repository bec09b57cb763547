"""Tables of optimisation matrices for a terminal."""

from rich.markup import escape
from rich.table import Table

from app.schemas.matrix import MatrixCellOut, MatrixOut, MatrixPlanOut, ScoreEquivalence, SpeedRatio
from app.services.matrices.wording import dollars, milliseconds, number, rate_text, score_text, share_text

_STYLES = {"equivalent": "green", "better": "green", "worse": "red", "cannot_tell": "default"}
ADVICE_STYLES = {"first": "yellow", "use": "green", "avoid": "red", "note": "default"}
_WIDE = 140
"""Characters from which on all columns fit."""
_NARROW = 4
"""Columns that are shown below."""
_MINUTES_FROM = 90  # seconds


def plan_table(plan: MatrixPlanOut) -> Table:
    """Return what a matrix would take, cell by cell, with the sum in the last row."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.title = f"{plan.trials} trials of {plan.questions:,} questions"
    if plan.existing:
        table.title += f"; {plan.ended} of them are done and would not be run again"
    for column in ("Method", "Optimisation"):
        table.add_column(column)
    for column in ("calls", "prompt tokens", "answer tokens", "cost", "time"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in plan.cells:
        amounts = (one.calls, one.prompt_tokens, one.completion_tokens)
        table.add_row(
            escape(one.method),
            escape(one.optimisation),
            *(f"{amount:,}" for amount in amounts),
            dollars(one.cost_usd),
            _time(one.seconds),
        )
    sums = (plan.calls, plan.prompt_tokens, plan.completion_tokens)
    table.add_section()
    table.add_row("all", "", *(f"{amount:,}" for amount in sums), dollars(plan.cost_usd), _time(plan.seconds))
    bases = dict.fromkeys(one.basis for one in plan.cells)
    table.caption = escape(" ".join(bases))
    table.caption_justify = "left"
    return table


def matrix_table(matrix: MatrixOut, method: str, width: int) -> Table:
    """Return the cells of one method, for a terminal of ``width`` characters."""
    table = Table(box=None, header_style="bold", pad_edge=False, title_justify="left")
    table.title = f"[bold]{escape(method)}[/]"
    table.add_column("Optimisation", no_wrap=True)
    score = matrix.score.replace("_", " ")
    columns = [
        "speed ×",
        "same",
        score,
        "accuracy",
        "p95",
        "questions/s",
        "p50",
        "tokens",
        "$/1,000",
        "cached",
    ]
    # In a narrow terminal all columns would be cut to a letter.
    kept = len(columns) if width >= _WIDE else _NARROW
    for column in columns[:kept]:
        table.add_column(column, justify="right", no_wrap=True)
    for cell in matrix.cells:
        if cell.method == method:
            table.add_row(escape(cell.optimisation), *_row(cell)[:kept])
    return table


def _row(cell: MatrixCellOut) -> list[str]:
    if cell.questions_per_s is None:
        return [f"[yellow]{cell.state}[/]"]
    against = cell.against
    speed = "baseline" if against is None else _ratio(against.speed) if against.speed else "–"
    return [
        speed + (" (partial)" if cell.state == "partial" else ""),
        share_text(against.identical.value) if against and against.identical else "",
        score_text(cell.score) if cell.score else "–",
        _outcome(against.score) if against and against.score else "",
        rate_text(cell.questions_per_s),
        milliseconds(cell.latency_p50_ms),
        milliseconds(cell.latency_p95_ms),
        number(cell.tokens_per_question) if cell.tokens_per_question is not None else "–",
        dollars(cell.usd_per_1000),
        share_text(cell.hit_rate) if cell.hit_rate else "",
    ]


def _ratio(ratio: SpeedRatio) -> str:
    text = rate_text(ratio)
    if not ratio.differs:
        return f"[dim]{text} ?[/]"
    return f"[{'green' if ratio.value > 1 else 'red'}]{text}[/]"


def _outcome(found: ScoreEquivalence) -> str:
    return f"[{_STYLES[found.outcome]}]{found.outcome.replace('_', ' ')}[/]"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    return f"{number(seconds)} s" if seconds < _MINUTES_FROM else f"{number(seconds / 60)} min"

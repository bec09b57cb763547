"""Tables of optimisation matrices for a terminal."""

from rich.markup import escape
from rich.table import Table

from app.cli.render import interval, milliseconds, number, percent
from app.domain.rounding import fixed
from app.schemas.matrix import MatrixCellOut, MatrixOut, MatrixPlanOut, RateOut, ScoreEquivalence, SpeedRatio

_STYLES = {"equivalent": "green", "better": "green", "worse": "red", "cannot_tell": "default"}


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
            _dollars(one.cost_usd),
            _time(one.seconds),
        )
    sums = (plan.calls, plan.prompt_tokens, plan.completion_tokens)
    table.add_section()
    table.add_row(
        "all", "", *(f"{amount:,}" for amount in sums), _dollars(plan.cost_usd), _time(plan.seconds)
    )
    bases = dict.fromkeys(one.basis for one in plan.cells)
    table.caption = escape(" ".join(bases))
    table.caption_justify = "left"
    return table


def matrix_table(matrix: MatrixOut, method: str) -> Table:
    """Return the cells of one method."""
    table = Table(box=None, header_style="bold", pad_edge=False, title_justify="left")
    table.title = f"[bold]{escape(method)}[/]"
    table.add_column("Optimisation", no_wrap=True)
    score = matrix.config.score.replace("_", " ")
    for column in ("speed ×", "questions/s", "same answers", score, "difference", "p50", "p95", "tokens"):
        table.add_column(column, justify="right", no_wrap=True)
    for column in ("$ per 1,000", "from cache"):
        table.add_column(column, justify="right", no_wrap=True)
    for cell in matrix.cells:
        if cell.method == method:
            table.add_row(escape(cell.optimisation), *_row(cell))
    return table


def _row(cell: MatrixCellOut) -> list[str]:
    if cell.state in {"failed", "waiting"}:
        return [f"[yellow]{cell.state}[/]"]
    against = cell.against
    speed = _ratio(against.speed) if against and against.speed else "baseline" if against is None else "–"
    return [
        speed + (" (partial)" if cell.state == "partial" else ""),
        rate_text(cell.questions_per_s),
        percent(against.identical.value) if against and against.identical else "",
        interval(cell.score) if cell.score else "–",
        _difference(against.score) if against and against.score else "",
        milliseconds(cell.latency_p50_ms),
        milliseconds(cell.latency_p95_ms),
        number(cell.tokens_per_question),
        _dollars(cell.usd_per_1000),
        percent(cell.hit_rate) if cell.hit_rate else "",
    ]


def rate_text(rate: RateOut | None) -> str:
    """Return a rate or a ratio with its interval: ``1.42 [1.30, 1.55]``."""
    if rate is None:
        return "–"
    text = number(rate.value)
    return text if rate.low is None else f"{text} [{number(rate.low)}, {number(rate.high)}]"


def _ratio(ratio: SpeedRatio) -> str:
    text = rate_text(ratio)
    if not ratio.differs:
        return f"[dim]{text} ?[/]"
    return f"[{'green' if ratio.value > 1 else 'red'}]{text}[/]"


def _difference(found: ScoreEquivalence) -> str:
    points = fixed(100 * found.difference, sign=True).replace("-", "−")
    return f"[{_STYLES[found.outcome]}]{points} {found.outcome.replace('_', ' ')}[/]"


def _dollars(value: float | None) -> str:
    return "unknown" if value is None else f"${number(value)}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    return number(seconds, " s") if seconds < 90 else number(seconds / 60, " min")

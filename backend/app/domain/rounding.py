"""How numbers are shown. One rule rounds them all: halves go away from zero, as in the dashboard."""

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Protocol

_NOISE = 8  # decimals of the scaled value that are kept: what lies behind them is of binary floats

_WHOLE_DOLLARS = 1000


def fixed(value: float, places: int = 1, *, sign: bool = False) -> str:
    """Return a number with so many decimals; 66.25 is 66.3, and -0.25 is -0.3.

    What a decimal fraction is, not its nearest binary one, decides: 28.75 that came out as 28.749999999999996
    is 28.8. ``fixed`` in ``frontend/src/lib/format.ts`` gives the same digits.

    Args:
        value: finite.
        places: decimals.
        sign: whether a plus stands before numbers from 0.
    """
    scaled = Decimal(f"{abs(value) * 10**places:.{_NOISE}f}").to_integral_value(ROUND_HALF_UP)
    rounded = scaled.scaleb(-places)
    return f"{-rounded if value < 0 else rounded:{'+' if sign else ''}.{places}f}"


def significant(value: float, digits: int = 3) -> float:
    """Return a number rounded to so many significant digits."""
    return float(Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(repr(float(value))))


def format_p(p: float) -> str:
    """Return ``p = .012``, ``p < .001`` or ``p > .999``."""
    if p < 0.001:
        return "p < .001"
    if p >= 0.9995:
        return "p > .999"
    # With three digits .0496 would be shown as .050, though it is significant.
    digits = 4 if 0.0495 <= p < 0.0505 and p != 0.05 else 3
    return "p = " + fixed(p, digits).lstrip("0")


def signed_points(difference: float) -> str:
    """Return a difference of fractions in percentage points, with its sign: ``+2.1``, ``−3.0``."""
    return fixed(100 * difference, sign=True).replace("-", "−")


def interval_in_points(low: float, high: float) -> str:
    """Return ``[−2.1, 3.0]``; where 0 is not in it, though an end rounds to 0, that end has a parenthesis."""
    ends = [fixed(100 * one).replace("-", "−") for one in (low, high)]
    opening, closing = "(" if low > 0 and not float(ends[0]) else "[", "]"
    if high < 0 and not float(ends[1].replace("−", "-")):
        ends[1], closing = ends[1].removeprefix("−"), ")"
    return f"{opening}{ends[0]}, {ends[1]}{closing}"


class WithInterval(Protocol):
    """Any estimate with its interval, as fractions."""

    @property
    def value(self) -> float: ...  # noqa: D102
    @property
    def low(self) -> float: ...  # noqa: D102
    @property
    def high(self) -> float: ...  # noqa: D102


def number(value: float | None, unit: str = "") -> str:
    """Return a number with three significant digits, a dash if there is none."""
    if value is None:
        return "–"
    if value == 0:
        return f"0{unit}"
    digits = f"{significant(value):.3g}"
    if "e" in digits:
        digits = f"{int(fixed(value, 0)):,}" if abs(value) >= 1 else f"{value:.2g}"
    return f"{digits}{unit}"


def milliseconds(value: float | None) -> str:
    """Return a duration: milliseconds below a second, seconds above."""
    if value is None:
        return "–"
    return f"{fixed(value, 0)} ms" if value < 999.5 else number(value / 1000, " s")


def dollars(value: float | None) -> str:
    """Return US dollars as the dashboard does: whole from 1,000, cents from 1, three digits below."""
    if value is None or value == 0:
        return "unknown" if value is None else "$0"
    if value >= 1:
        return f"${int(fixed(value, 0)):,}" if value >= _WHOLE_DOLLARS else f"${fixed(value, 2)}"
    return f"${Decimal(repr(significant(value))):f}"


def percent(value: float | None) -> str:
    """Return a share as a percentage with one decimal."""
    return "–" if value is None else f"{fixed(100 * value)} %"


def interval(score: WithInterval) -> str:
    """Return a share with its interval."""
    return f"{percent(score.value)} [{fixed(100 * score.low)}, {fixed(100 * score.high)}]"


def known_interval(score: WithInterval | None) -> str:
    """Return a share with its interval, or a dash if it is not known."""
    return "–" if score is None else interval(score)


def known_points(difference: WithInterval | None) -> str:
    """Return a difference of shares in points with its interval, or a dash if it is not known."""
    if difference is None:
        return "–"
    return f"{signed_points(difference.value)} {interval_in_points(difference.low, difference.high)}"


def known_value(estimate: WithInterval | None) -> str:
    """Return an estimate that is no share with its interval, to two places, or that it is not known."""
    if estimate is None:
        return "not known"
    return f"{fixed(estimate.value, 2)} [{fixed(estimate.low, 2)}, {fixed(estimate.high, 2)}]"

"""How numbers are shown. One rule rounds them all: halves go away from zero, as in the dashboard."""

from decimal import ROUND_HALF_UP, Context, Decimal

_NOISE = 8  # decimals of the scaled value that are kept: what lies behind them is of binary floats


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


def interval_in_points(low: float, high: float) -> str:
    """Return ``[−2.1, 3.0]``; where 0 is not in it, though an end rounds to 0, that end has a parenthesis."""
    ends = [fixed(100 * one).replace("-", "−") for one in (low, high)]
    opening, closing = "(" if low > 0 and not float(ends[0]) else "[", "]"
    if high < 0 and not float(ends[1].replace("−", "-")):
        ends[1], closing = ends[1].removeprefix("−"), ")"
    return f"{opening}{ends[0]}, {ends[1]}{closing}"

"""The one rule by which shown numbers are rounded: halves go away from zero, as in the dashboard."""

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

"""A calculator, for models that are bad at arithmetic.

numexpr computes the syntax tree of an expression, one operation at a time, in float64. It compiles only the
constant texts in ``TEMPLATES``, never text that a model wrote.

Rounding errors of float64 are removed where they would change the result visibly: in a difference of nearly
equal numbers, and before ``floor``, ``ceil`` and ``round``. So ``0.3 - 0.1 - 0.2`` is 0 and
``floor(4.35 * 100)`` is 435. A half is rounded to the even neighbour. A remainder is that of the decimals,
as one would have it on paper, since that of their neighbours in float64 can be any other; it has the sign
of the divisor, as in Python. Sums, products and powers of whole numbers have all their digits.
"""

import ast
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from operator import add, mul, sub

from app.domain.json import JsonObject
from app.services.agent.tools.base import ModelRetry, Parameter, Tool, ToolOutput, quoted
from app.services.agent.tools.expression import MAX_VALUE, OPERATORS, parse, written

MAX_EXPONENT = 1000
"""Absolute value of an exponent, at most."""
MAX_PLACES = 12
"""Decimal places of ``round``, at most, before or after the decimal point."""
EXACT = 2.0**53
"""Below it float64 represents every integer."""

TEMPLATES = {
    **{sign: f"a {sign} b" for sign in ("+", "-", "*", "/", "**")},
    **{name: f"{name}(a)" for name in ("sqrt", "abs", "round", "floor", "ceil", "log", "log10", "exp")},
    "negated": "-a",
    "min": "where(a < b, a, b)",
    "max": "where(a > b, a, b)",
}
"""Every text that numexpr compiles."""

_WHOLE: dict[str, Callable[[int, int], int]] = {"+": add, "-": sub, "*": mul, "**": pow}
_NOISE = 2.0**-50  # relative error that rounding alone explains


class Calculator(Tool):
    """Computes arithmetic."""

    name = "calculator"
    description = (
        "Computes an arithmetic expression of numbers, + - * / % ** and parentheses, "
        "sqrt, abs, round, floor, ceil, min, max, log, log10, exp and pi."
    )
    parameters = (Parameter("expression", "an arithmetic expression in digits, such as (48 / 6) * 2.5"),)
    example = "calculator[(48 / 6) * 2.5]"
    timeout_s = 5.0

    async def run(self, arguments: JsonObject) -> ToolOutput:
        """Return the value, and how the expression was read if it is ambiguous."""
        reading = parse(arguments["expression"])
        value, whole = evaluate(reading.node), _whole(reading.node)
        text = number_text(value) if whole is None else str(whole)
        return ToolOutput(f"{text} (read as {written(reading.node)})" if reading.ambiguous else text)


def number_text(value: float) -> str:
    """Return a number with up to 12 significant digits, or all digits of an exact integer."""
    if value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    return f"{value:.12g}"


def _whole(node: ast.expr) -> int | None:
    """Return the exact value of sums, products and powers of whole numbers; ``None`` of anything else.

    ``evaluate`` has bounded each part, so none is long.
    """
    match node:
        case ast.Constant(value=str(text)) if text.isdecimal():
            return int(text)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _whole(operand)
            return None if value is None else -value
        case ast.BinOp(left=left, op=operator, right=right):
            a, b = _whole(left), _whole(right)
            compute = _WHOLE.get(OPERATORS[type(operator)][0])
            if compute is None or a is None or b is None or (b < 0 and compute is pow):
                return None
            return compute(a, b)
    return None


def evaluate(node: ast.expr) -> float:
    """Return the value of a syntax tree that ``parse`` returned.

    Raises:
        ModelRetry: if a part of it has no value, or one out of bounds.
        TypeError: if the tree has a node that is not arithmetic.
    """
    match node:
        case ast.Constant(value=str(text)):
            return math.pi if text == "pi" else float(text)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _run("negated", evaluate(operand))
        case ast.BinOp(left=left, op=operator, right=right):
            return _operation(node, OPERATORS[type(operator)][0], evaluate(left), evaluate(right))
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return _call(node, function, [evaluate(argument) for argument in arguments])
    raise TypeError(f"not arithmetic: {ast.dump(node)}")


def _run(template: str, a: float, b: float = 0.0) -> float:
    import numexpr  # type: ignore[import-untyped]  # ships no types; slow to import, and rarely needed

    # Without the dictionaries numexpr would look up names in the frames of its callers.
    return float(numexpr.evaluate(TEMPLATES[template], local_dict={"a": a, "b": b}, global_dict={}))


def _operation(node: ast.BinOp, sign: str, a: float, b: float) -> float:
    part, exact = _part(node), a.is_integer() and b.is_integer()
    if sign in "/%" and b == 0:
        raise ModelRetry(f"Division by zero: {_part(node.right)} is 0 in {part}. Divide by another number.")
    if sign == "%" and max(abs(a), abs(b)) >= EXACT:
        raise ModelRetry(f"The numbers in {part} are too large for an exact remainder: 2 ** 53 is the most.")
    if sign == "%" and not exact and _steady(_run("/", a, b)).is_integer():
        return 0.0
    if sign == "**":
        _check_power(part, a, b)
    value = float(_decimal(a) % _decimal(b)) if sign == "%" else _run(sign, a, b)
    if sign in "+-" and not exact and abs(value) < _NOISE * max(abs(a), abs(b)):
        return 0.0
    may_vanish = {"*": a == 0 or b == 0, "/": a == 0, "**": a == 0}.get(sign, True)
    return _checked(node, value, may_vanish=may_vanish)


def _decimal(value: float) -> Fraction:
    """Return the decimal that a value stands for: 73.04, and not the nearest number of float64."""
    return Fraction(int(value)) if value.is_integer() else Fraction(f"{value:.15g}")


def _check_power(part: str, a: float, b: float) -> None:
    if abs(b) > MAX_EXPONENT:
        raise ModelRetry(f"The exponent in {part} is {number_text(b)}: it must be within ±{MAX_EXPONENT}.")
    if a == 0 and b < 0:
        raise ModelRetry(
            f"Division by zero: a negative power of 0 in {part}. Take a power of another number."
        )
    if a < 0 and not b.is_integer():
        raise ModelRetry(f"There is no real root of a negative number, as in {part}. Check the sign.")


def _call(node: ast.Call, function: str, values: Sequence[float]) -> float:
    first, part = values[0], _part(node)
    match function:
        case "min" | "max":
            return reduce(lambda a, b: _run(function, a, b), values)
        case "round" if len(values) > 1:
            return _rounded(node, first, values[1])
        case "round" | "floor" | "ceil":
            return _run(function, _steady(first))
        case "sqrt" if first < 0:
            raise ModelRetry(f"There is no real root of a negative number, as in {part}. Check the sign.")
        case "log" | "log10" if first <= 0:
            raise ModelRetry(f"Logarithms are of positive numbers, not of {number_text(first)} as in {part}.")
    return _checked(node, _run(function, first), may_vanish=function != "exp")


def _rounded(node: ast.Call, value: float, places: float) -> float:
    if not places.is_integer() or abs(places) > MAX_PLACES:
        raise ModelRetry(
            f"The places in {_part(node)} are {number_text(places)}: "
            f"they must be a whole number within ±{MAX_PLACES}."
        )
    unit = float(10 ** int(abs(places)))
    there, back = ("*", "/") if places > 0 else ("/", "*")
    whole = _run("round", _steady(_run(there, value, unit)))
    return _checked(node, _run(back, whole, unit))


def _steady(value: float) -> float:
    """Return the nearest multiple of 0.5 if only rounding errors separate a value from it, else the value.

    434.99999999999994, which is 4.35 * 100, becomes 435.
    """
    near = round(value * 2) / 2
    return near if abs(value - near) < _NOISE * abs(value) else value


def _checked(node: ast.expr, value: float, *, may_vanish: bool = True) -> float:
    """Return a value if it is a number within bounds; ``may_vanish``: whether it may be zero."""
    if math.isnan(value):
        raise ModelRetry(f"The result of {_part(node)} is not a number. Write it in another way.")
    if abs(value) > MAX_VALUE:
        raise ModelRetry(
            f"The result of {_part(node)} is too large: {MAX_VALUE:g} is the most. Use smaller numbers."
        )
    if value == 0 and not may_vanish:
        raise ModelRetry(f"The result of {_part(node)} is too small to be told from 0. Use larger numbers.")
    return value


def _part(node: ast.expr) -> str:
    return quoted(written(node), 60)

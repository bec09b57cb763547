"""A calculator, for models that do arithmetic badly.

A tree is computed operation by operation by numexpr, on float64. What numexpr is given to compile is one
of a few constant texts, never what a model wrote.

Results are those that one would have on paper: what float64 leaves in the last digits is taken away where
it would show, in a difference of nearly equal numbers and before ``floor``, ``ceil``, ``round`` and ``%``.
So ``0.3 - 0.1 - 0.2`` is 0 and ``floor(4.35 * 100)`` is 435. A half is rounded to the even neighbour, and a
remainder has the sign of the divisor, as in Python.
"""

import ast
import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from app.services.agent.tools.base import Found, ModelRetry, Parameter, Tool, quoted
from app.services.agent.tools.expression import MAX_VALUE, OPERATORS, parse, written

MAX_EXPONENT = 1000
"""Of a power, on either side of zero."""
MAX_PLACES = 12
"""Decimal places to which ``round`` rounds, on either side of the point."""
EXACT = 2.0**53
"""Below it float64 has every integer."""

TEMPLATES = {
    **{sign: f"a {sign} b" for sign in ("+", "-", "*", "/", "**")},
    **{name: f"{name}(a)" for name in ("sqrt", "abs", "round", "floor", "ceil", "log", "log10", "exp")},
    "%": "where((a % b < 0) & (b > 0) | (a % b > 0) & (b < 0), a % b + b, a % b)",
    "negated": "-a",
    "min": "where(a < b, a, b)",
    "max": "where(a > b, a, b)",
}
"""All that numexpr is ever given to compile."""

_NOISE = 2.0**-50  # of a number's size, by which it may be off from rounding alone


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

    async def answer(self, arguments: Mapping[str, Any]) -> Found:
        """Return the value, and how the expression was read if that is not obvious."""
        reading = parse(arguments["expression"])
        text = number_text(evaluate(reading.node))
        return Found(f"{text} (read as {written(reading.node)})" if reading.unusual else text)


def number_text(value: float) -> str:
    """Return an integer as such where float64 is exact, and else up to 12 digits."""
    if value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    return f"{value:.12g}"


def evaluate(node: ast.expr) -> float:
    """Return the value of a tree of the nodes that ``parse`` makes; there is no other kind that it takes.

    Raises:
        ModelRetry: if it has none, or one out of bounds; naming the part that has not.
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
    raise TypeError(f"no arithmetic: {ast.dump(node)}")


def _run(template: str, a: float, b: float = 0.0) -> float:
    import numexpr  # type: ignore[import-untyped]  # it takes a while, for those alone who compute

    # Without the dictionaries it would look for names in the frames of its callers.
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
    value = _run(sign, a, b)
    if sign in "+-" and not exact and abs(value) < _NOISE * max(abs(a), abs(b)):
        return 0.0
    may_vanish = {"*": a == 0 or b == 0, "/": a == 0, "**": a == 0}.get(sign, True)
    return _checked(node, value, may_vanish=may_vanish)


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
    """Return the half or whole number that a value would be but for rounding, else the value.

    Before a jump at it is made: 434.99999999999994 is 4.35 * 100.
    """
    near = round(value * 2) / 2
    return near if abs(value - near) < _NOISE * abs(value) else value


def _checked(node: ast.expr, value: float, *, may_vanish: bool = True) -> float:
    """Return a value that is a number within bounds; ``may_vanish``: it may be zero."""
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

"""Arithmetic in datasets and worked examples, computed without running it as code."""

import ast
import operator
import re
from collections.abc import Callable, Iterator
from fractions import Fraction

_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_NUMBER = r"-?\d+(?:\.\d+)?"
_EQUATION = re.compile(rf"({_NUMBER}(?: [-+*/] {_NUMBER})+) = ({_NUMBER})")


def compute(expression: str) -> Fraction:
    """Return the exact value of numbers joined by + - * / and parentheses; refuses all else."""

    def value(node: ast.expr) -> Fraction:
        match node:
            case ast.Constant(value=int() | float() as number):
                return Fraction(str(number))
            case ast.BinOp(left, operation, right) if type(operation) in _OPERATORS:
                return _OPERATORS[type(operation)](value(left), value(right))
        raise ValueError(f"not plain arithmetic: {expression!r}")

    return value(ast.parse(expression, mode="eval").body)


def equations(text: str) -> Iterator[tuple[str, Fraction]]:
    """Yield the left and the right side of each equation that a solution writes down."""
    for left, right in _EQUATION.findall(text):
        yield left, Fraction(right)

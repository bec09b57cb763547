"""Builders of syntax trees of arithmetic, for the tests of parsing and of computing."""

import ast

from app.services.agent.tools.expression import OPERATORS

_OPERATORS = {sign: operator for operator, (sign, _) in OPERATORS.items()}


def number(text: str) -> ast.expr:
    """Return a number as it is written."""
    return ast.Constant(text)


def negated(operand: ast.expr) -> ast.expr:
    """Return a number with a minus sign."""
    return ast.UnaryOp(ast.USub(), operand)


def binary(sign: str, left: ast.expr, right: ast.expr) -> ast.expr:
    """Return two numbers with an operator between them."""
    return ast.BinOp(left, _OPERATORS[sign](), right)


def call(function: str, *arguments: ast.expr) -> ast.expr:
    """Return a use of a function."""
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])

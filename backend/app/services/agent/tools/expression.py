"""Reading arithmetic as people and language models write it: text -> tokens -> a small tree.

Nothing of it is ever run as code. What is ambiguous is decided here, and ``Reading.unusual`` says
that the result should be shown with how it was read:

==================  ===========================================================================
``1,234.5``         1234.5 outside of functions; ``0,5``, ``12,5`` and ``1,23`` are refused
``max(1,234)``      two arguments: within a function's parentheses a comma always separates
``7 % 3``           a remainder, since a number, a function or ``(`` follows
``15%``, ``5% - 2`` a percentage, since anything else follows; write ``7 % (-3)`` for a remainder
``20% of 50``       ``20 / 100 * 50``; ``of`` binds tighter than ``*`` and ``/``
``200 + 10%``       200.1: a percentage is a number, whatever stands before it
``3 x 4``           a product, if a number, ``(`` or a function follows; ``2x + 3`` has a variable
``-2 ^ 2``          -4, and ``2 ^ 3 ^ 2`` is 512, as mathematics and Python have it
``2(3 + 4)``        refused, since ``1 / 2(3)`` may mean two things
==================  ===========================================================================
"""

import math
import re
from dataclasses import dataclass
from typing import Literal, NoReturn, cast

from app.services.agent.tools.expression_tokens import (
    FUNCTIONS,
    KNOWN,
    PI,
    Lexer,
    NotArithmetic,
    Token,
    quoted,
)

MAX_LENGTH = 200
"""Characters of an expression."""
MAX_DEPTH = 20
"""Parentheses, signs and exponents within each other."""
MAX_OPERATIONS = 100
"""Operators, signs and uses of functions."""
MAX_VALUE = 1e100
"""No number may be further from zero, neither one that is written nor one that is computed."""

Operator = Literal["+", "-", "*", "/", "%", "**"]
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "**": 4}
_SIGN_PRECEDENCE = 3
_ATOM = 5
_TRAILING = re.compile(r"\s*(?:=\s*\??|\?)\s*\Z")
_SIGNS = {"plus": "+", "minus": "-", "times": "*", "divided": "/", "mod": "%", "percent": "%"}


@dataclass(frozen=True, slots=True)
class Number:
    """A number, and how to write it."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Negated:
    """Minus something."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two things with an operator between."""

    operator: Operator
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of ``FUNCTIONS`` with as many arguments as it takes."""

    function: str
    arguments: tuple["Node", ...]


Node = Number | Negated | Binary | Call


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read; ``unusual``: not everybody would read it so."""

    node: Node
    unusual: bool


def parse(text: str) -> Reading:
    """Read an expression; a trailing ``=``, ``= ?`` or ``?`` is dropped.

    Raises:
        NotArithmetic: saying what is wrong, where, and what to write instead.
    """
    text = text.strip()
    if len(text) > MAX_LENGTH:
        raise NotArithmetic(
            f"The expression has {len(text):,} characters, {MAX_LENGTH} are the most: compute it in parts."
        )
    text = _TRAILING.sub("", text)
    lexer = Lexer(text)
    parser = _Parser(text, lexer.tokens())
    node = parser.whole()
    return Reading(node, lexer.unusual or parser.unusual)


def written(node: Node) -> str:
    """Return a tree as text that reads as the same tree."""
    match node:
        case Number():
            return node.text
        case Negated(operand):
            return "-" + _within(operand, _SIGN_PRECEDENCE + 1)
        case Call(function, arguments):
            return f"{function}({', '.join(map(written, arguments))})"
        case Binary(operator, left, right):
            rank = _PRECEDENCE[operator]
            if operator == "**":
                return f"{_within(left, rank + 1)} ** {_within(right, rank)}"
            # A sign behind "%" would make a percentage of it.
            least = _SIGN_PRECEDENCE + 1 if isinstance(right, Negated) else rank + 1
            return f"{_within(left, rank)} {operator} {_within(right, least)}"


def _within(node: Node, least: int) -> str:
    match node:
        case Binary():
            rank = _PRECEDENCE[node.operator]
        case Negated():
            rank = _SIGN_PRECEDENCE
        case _:
            rank = _ATOM
    return f"({written(node)})" if rank < least else written(node)


class _Parser:
    """Recursive descent over the tokens of a text; each method reads what it is named after."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.unusual = False
        self._text = text
        self._tokens = tokens
        self._place = 0
        self._depth = 0
        self._operations = 0

    def whole(self) -> Node:
        node = self._sum()
        if self._now.kind != "end":
            self._refuse_leftover()
        return node

    def _sum(self) -> Node:
        node = self._product()
        while self._now.kind in {"+", "-"}:
            node = self._binary(self._advance().kind, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._share()
        while self._now.kind in {"*", "/", "%"}:
            node = self._binary(self._advance().kind, node, self._share())
        return node

    def _share(self) -> Node:
        """Read ``20% of 50``, or what is no share of anything."""
        node = self._signed()
        while self._now.kind == "of":
            if self._tokens[self._place - 1].kind != "%":
                raise NotArithmetic(
                    f"“of” may only stand behind a percentage, not in {self._around()}: write * instead."
                )
            self._advance()
            node = self._binary("*", node, self._signed())
        return node

    def _signed(self) -> Node:
        # All that is within something else comes through here.
        self._depth += 1
        if self._depth > MAX_DEPTH + 1:
            raise NotArithmetic(
                f"More than {MAX_DEPTH} parentheses, signs or exponents stand within each other, "
                f"at {self._around()}: compute it in parts."
            )
        if self._now.kind == "+":
            self._advance()
            node = self._signed()
        elif self._now.kind == "-":
            self._advance()
            self._count()
            node = Negated(self._signed())
        else:
            node = self._power()
        self._depth -= 1
        return node

    def _power(self) -> Node:
        node = self._percentage()
        if self._now.kind == "**":
            self._advance()
            return self._binary("**", node, self._signed())
        return node

    def _percentage(self) -> Node:
        node = self._operand()
        if self._now.kind != "%" or self._starts_operand(self._tokens[self._place + 1]):
            return node
        self._advance()
        if self._now.kind == "%":
            self._refuse_missing()
        self.unusual = True
        return self._binary("/", node, Number(100.0, "100"))

    def _operand(self) -> Node:
        token = self._now
        if token.kind == "number":
            return self._number()
        if token.kind == "(":
            self._advance()
            if self._now.kind == ")":
                raise NotArithmetic(f"Nothing stands within the parentheses in {self._around()}: fill them.")
            node = self._sum()
            self._close(token)
            return node
        if token.kind != "word":
            self._refuse_missing()
        if token.text.casefold() in PI:
            self._advance()
            return Number(math.pi, "pi")
        return self._call()

    def _number(self) -> Node:
        token = self._advance()
        value = float(token.text)
        if value > MAX_VALUE:
            raise NotArithmetic(f"The number {quoted(token.text)} is too large: {MAX_VALUE:g} is the most.")
        if value == 0 and re.search(r"^[^eE]*[1-9]", token.text):
            raise NotArithmetic(f"The number {quoted(token.text)} is too small: write 0 for it.")
        return Number(value, token.text)

    def _call(self) -> Node:
        token = self._advance()
        name = token.text.casefold()
        if name not in FUNCTIONS:
            self._refuse_word(token)
        opening = self._now
        if opening.kind != "(":
            raise NotArithmetic(f"{name} needs its argument in parentheses: write {name}(2).")
        self._advance()
        arguments: list[Node] = []
        if self._now.kind != ")":
            arguments.append(self._sum())
            while self._now.kind == ",":
                self._advance()
                arguments.append(self._sum())
        self._close(opening)
        self._count(max(1, len(arguments) - 1))
        self._check_arguments(name, len(arguments), token)
        return Call(name, tuple(arguments))

    def _check_arguments(self, name: str, count: int, token: Token) -> None:
        least, most = FUNCTIONS[name]
        if least <= count <= (most or count):
            return
        takes = {1: "one argument", 2: "one argument or two", None: "one argument or more"}[most]
        hint = "write what it is to be taken of"
        if count:
            hint = "write numbers within a function without commas, 1234 for 1,234"
        if name == "log" and count == 2:
            hint = "write log(8) / log(2) for a logarithm to the base 2"
        source = quoted(self._text[token.start : self._tokens[self._place - 1].end])
        raise NotArithmetic(f"{name} takes {takes}, not {count} as in {source}: {hint}.")

    # -- steps --------------------------------------------------------------------------------------

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _advance(self) -> Token:
        self._place += 1
        return self._tokens[self._place - 1]

    def _close(self, opening: Token) -> None:
        if self._now.kind == "end":
            raise NotArithmetic(
                f"The parenthesis of {quoted(self._text[opening.start :])} is never closed: write its “)”."
            )
        if self._now.kind != ")":
            self._refuse_leftover()
        self._advance()

    def _binary(self, operator: str, left: Node, right: Node) -> Node:
        self._count()
        return Binary(cast(Operator, operator), left, right)

    def _count(self, operations: int = 1) -> None:
        self._operations += operations
        if self._operations > MAX_OPERATIONS:
            raise NotArithmetic(
                f"The expression has more than {MAX_OPERATIONS} operations: compute it in parts."
            )

    def _starts_operand(self, token: Token) -> bool:
        return token.kind in {"number", "("} or (token.kind == "word" and token.text.casefold() in KNOWN)

    # -- refusals -----------------------------------------------------------------------------------

    def _around(self) -> str:
        """Return the place where the parser stands, with a little before it."""
        start = self._tokens[max(0, self._place - 2)].start
        return quoted(self._text[start : start + 40])

    def _refuse_missing(self) -> NoReturn:
        token = self._now
        before = self._tokens[self._place - 1] if self._place else None
        shown = quoted(self._text[token.start : token.end])
        if before is None and token.kind == "end":
            raise NotArithmetic("The expression is empty: write one such as 2 * (3 + 4).")
        if before is None and token.kind == ")":
            self._refuse_leftover()
        if before is None:
            raise NotArithmetic(f"A number is missing before {shown}: write one there.")
        behind = quoted(self._text[before.start : before.end])
        if token.kind == "end":
            raise NotArithmetic(f"A number is missing at the end, behind {behind}: write one there.")
        raise NotArithmetic(f"A number is missing between {behind} and {shown}: write one there.")

    def _refuse_leftover(self) -> NoReturn:
        """Refuse what stands where an operator or the end should."""
        token = self._now
        if token.kind == ")":
            raise NotArithmetic(f"A “)” closes nothing, at {self._around()}: leave it out, or write its “(”.")
        if token.kind == ",":
            raise NotArithmetic(
                f"A comma has no meaning at {self._around()}: write 1.5 for one and a half, "
                "1234 without a comma, and one expression at a time."
            )
        if not self._starts_operand(token):
            self._refuse_word(token)
        before = self._tokens[self._place - 1]
        left, right = (quoted(self._text[one.start : one.end]) for one in (before, token))
        raise NotArithmetic(
            f"No operator stands between {left} and {right} in {self._around()}: "
            "write * for a product, and a number without spaces."
        )

    def _refuse_word(self, token: Token) -> NoReturn:
        """Refuse a word: one that was just read, in place of a number, or the one that comes next."""
        shown = quoted(token.text)
        if token is not self._now and self._now.kind == "(":
            names = ", ".join(FUNCTIONS)
            raise NotArithmetic(
                f"There is no function {shown}: there are {names}, where log is the natural logarithm."
            )
        if sign := _SIGNS.get(token.text.casefold()):
            raise NotArithmetic(f"Words such as {shown} are not understood: write {sign} instead.")
        if token is self._now:
            raise NotArithmetic(
                f"Units and words such as {shown} are not understood: write numbers alone, all in one unit."
            )
        raise NotArithmetic(
            f"Variables and numbers in words, such as {shown}, are not understood: "
            "write the number itself in digits."
        )

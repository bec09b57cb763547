"""Parses arithmetic as people and language models write it into a Python syntax tree.

The text is split into tokens, their order is checked, and they are translated to a Python expression. ``ast``
parses that expression, for precedence and associativity; it is never evaluated as Python. Numbers stand in it
as string literals and are converted later. ``Reading.ambiguous`` marks a text with more than one common
reading; results then show the one that was used:

==================  ===========================================================================
``1,234.5``         1234.5 outside of functions; ``0,5``, ``12,5`` and ``1,23`` are refused
``max(1,234)``      two arguments: within a function's parentheses a comma always separates
``7 % 3``           a remainder, since a number, a function or ``(`` follows
``15%``, ``5% - 2`` a percentage, since anything else follows; write ``7 % (-3)`` for a remainder
``20% of 50``       ``20 / 100 * 50``; ``of`` binds tighter than ``*`` and ``/``
``200 + 10%``       200.1: a percentage is a number, whatever stands before it
``3 x 4``           a product, if a number, ``(`` or a function follows; ``2x + 3`` has a variable
``-2 ^ 2``          -4, and ``2 ^ 3 ^ 2`` is 512, as in mathematics and in Python
``2(3 + 4)``        refused, since ``1 / 2(3)`` may mean two things
==================  ===========================================================================
"""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from app.services.agent.tools.base import ModelRetry, quoted

MAX_LENGTH = 200
"""Characters of an expression."""
MAX_DEPTH = 20
"""Parentheses, signs and exponents within each other."""
MAX_OPERATIONS = 100
"""Operators, signs and uses of functions."""
MAX_VALUE = 1e100
"""Absolute value of every number, written or computed, at most."""
OPERATORS: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", 1),
    ast.Sub: ("-", 1),
    ast.Mult: ("*", 2),
    ast.Div: ("/", 2),
    ast.Mod: ("%", 2),
    ast.Pow: ("**", 4),
}
"""The sign and the precedence of each operator; that of a minus sign before a number is 3."""
_ONE_ARGUMENT = ("sqrt", "abs", "floor", "ceil", "log", "log10", "exp")
_FUNCTIONS = {**dict.fromkeys(_ONE_ARGUMENT, (1, 1)), "round": (1, 2), "min": (1, 100), "max": (1, 100)}

# The kind of a token is one character: n(umber), f(unction), w(ord), s(ign in words), p(ercentage), o(f),
# plus and minus signs before an operand as u(nary) and m(inus), ^ for a power, $ for the end, or the symbol.
_MEANT = {**dict.fromkeys("×·⋅∗", "*"), **dict.fromkeys("÷∕", "/"), **dict.fromkeys("−–", "-"), "**": "^"}
_SIGN_WORDS = {"plus": "+", "minus": "-", "times": "*", "divided": "/", "mod": "%", "percent": "%"}
_POINT = r"(?:\.[0-9]+|\.(?![\w.]))"  # "5.", but not the beginning of "5.real"
_GROUPED = re.compile(rf"[1-9][0-9]{{0,2}}(?:,[0-9]{{3}})+(?!,?[0-9]){_POINT}?")
_CURRENCY = r"[$€£]\s*(?=\.?[0-9])"
_SKIPPED = re.compile(rf"(?:\s|{_CURRENCY})*")
_NAMES = "|".join(_FUNCTIONS)
# Before an operand, "x" is a product and "%" a remainder.
_OPERAND = rf"(?=\s*(?:{_CURRENCY})?(?:\.?[0-9]|\(|(?:{_NAMES}|pi|π)\b))"
_TIMES = re.compile(f"x{_OPERAND}", re.IGNORECASE)
_TOKEN = re.compile(
    rf"""(?P<n>(?!0[xob][0-9a-f])(?:[0-9]+{_POINT}?|\.[0-9]+)(?:e[+-]?[0-9]+)?|(?:pi|π)\b)
    |(?P<f>(?:{_NAMES})\b)|(?P<o>of\b)|(?P<s>(?:{"|".join(_SIGN_WORDS)})\b)|(?P<w>(?!\d)\w+)
    |(?P<p>%(?!{_OPERAND}))|(?P<symbol>\*\*|(?!//|==)[-+*/%(),=^×·⋅∗÷∕−–])""",
    re.IGNORECASE | re.VERBOSE,
)
# Characters that begin no token, and the message about them.
_FOREIGN = {
    "//": "{} is not understood: write floor(7 / 2) for a division without its remainder.",
    "[<>!=]=|[<>]": "Nothing can be compared, as by {}: write an expression whose value is a number.",
    r"[\[\]{}]": "Brackets such as {} are not understood: write round ones, ( and ).",
    "[\"'`“”„‘’«»].*": "Text in quotes, as from {} on, is not understood: write numbers without quotes.",
    r"\.\w+": "Nothing has attributes such as {}: write functions by their names alone, as sqrt(2).",
    "[$€£]": "The currency sign {} stands before no number: leave it out.",
    "0[xob][0-9a-f]+": "Only decimal numbers are understood, not {}: "
    "write the number in digits from 0 to 9, or * for a product.",
    r"\w": "{} is no plain digit: write the digits 0 to 9, and ** for a power.",
}
_UNPAIRED = {
    ")": "A “)” closes nothing, at {around}: leave it out, or write its “(”.",
    "(": "The parenthesis of {rest} is never closed: write its “)”.",
    ",": "A comma has no meaning at {around}: write 1.5 for one and a half, 1234 without a comma, "
    "and one expression at a time.",
}
# Errors in the order of tokens, as patterns over the string of their kinds, and the message about the token
# where the match begins.
_MISPLACED = {
    "^w=": "Nothing can be assigned, as in {text}: write only what is to be computed.",
    "^.*=": "No equation can be computed, as from {equals} on: write one side alone, without “=”.",
    r"f(?!\()": "{name} needs its argument in parentheses: write {name}(2).",
    r"(?<![n)p])w(?=\()": f"There is no function {{it}}: there are {', '.join(_FUNCTIONS)}, "
    "where log is the natural logarithm.",
    "s": "Words such as {it} are not understood: write {sign} instead.",
    "(?<=[n)p])w": "Units and words such as {it} are not understood: write numbers alone, all in one unit.",
    "w": "Variables and numbers in words, such as {it}, are not understood: "
    "write the number itself in digits.",
    "(?<=[n)p])[nf(]": "No operator stands between {before} and {it} in {around}: "
    "write * for a product, and a number without spaces.",
    r"^\$": "The expression is empty: write one such as 2 * (3 + 4).",
    r"^\)": _UNPAIRED[")"],
    "^[*/%,^op]": "A number is missing before {it}: write one there.",
    r"(?<![n)p])\$": "A number is missing at the end, behind {before}: write one there.",
    r"(?<![n)p])[*/,^o]|(?<![n)])[%p]|(?<![n)p(])\)": "A number is missing between {before} and {it}: "
    "write one there.",
    r"(?<!f)\((?=\))": "Nothing stands within the parentheses in {around}: fill them.",
    "(?<!p)o": "“of” may only stand behind a percentage, not in {around}: write * instead.",
}
# Every factor of a product is put in parentheses of its own, so that "of" binds tighter than "*".
_PYTHON = {"u": "", "m": "-", "o": "*", "^": "**", "(": "((", ")": "))", ",": "),(", "p": "[0]", "$": ""}


class Reading(NamedTuple):
    """A syntax tree; ``ambiguous``: the text has another common reading."""

    node: ast.expr
    ambiguous: bool


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


class _Percentages(ast.NodeTransformer):
    """Replaces ``a[0]``, which the translation writes for a percentage, by ``a / 100``."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.BinOp:
        return ast.BinOp(self.visit(node.value), ast.Div(), ast.Constant("100"))


def parse(text: str) -> Reading:
    """Parse an expression; a trailing ``=``, ``= ?`` or ``?`` is dropped.

    Raises:
        ModelRetry: saying what is wrong, where, and what to write instead.
    """
    text = text.strip()
    if len(text) > MAX_LENGTH:
        raise ModelRetry(
            f"The expression has {len(text):,} characters, {MAX_LENGTH} are the most: compute it in parts."
        )
    text = re.sub(r"\s*(?:=\s*\??|\?)\s*\Z", "", text)
    tokens = _tokens(text)
    _check_order(text, tokens)
    _check_depth(text, tokens)
    node = _Percentages().visit(ast.parse(_as_python(tokens), mode="eval").body)
    operations = sum(
        max(1, len(one.args) - 1) if isinstance(one, ast.Call) else isinstance(one, ast.BinOp | ast.UnaryOp)
        for one in ast.walk(node)
    )
    if operations > MAX_OPERATIONS:
        raise ModelRetry(f"The expression has more than {MAX_OPERATIONS} operations: compute it in parts.")
    ambiguous = any(one.kind == "p" or one.text in {"x", "X"} for one in tokens) or any(
        _GROUPED.match(text, one.start) for one in tokens
    )
    return Reading(node, ambiguous or any(sign in text for sign in "$€£"))


def written(node: ast.expr, least: int = 0) -> str:
    """Return the text of a tree, in parentheses if its precedence is below ``least``."""
    match node:
        case ast.UnaryOp(operand=operand):
            rank, text = 3, f"-{written(operand, 4)}"
        case ast.BinOp(left=left, op=operator, right=right):
            sign, rank = OPERATORS[type(operator)]
            power = sign == "**"
            # A sign behind "%" would make a percentage of it.
            least_right = 4 if isinstance(right, ast.UnaryOp) else rank + (not power)
            text = f"{written(left, rank + power)} {sign} {written(right, least_right)}"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return f"{name}({', '.join(map(written, arguments))})"
        case _:
            return str(ast.literal_eval(node))
    return f"({text})" if rank < least else text


def _tokens(text: str) -> list[_Token]:
    """Split a text into tokens, with a last one for its end."""
    found: list[_Token] = []
    in_function = [False]  # for each open parenthesis
    start = 0
    while True:
        skipped = _SKIPPED.match(text, start)
        start = skipped.end() if skipped else start
        if start == len(text):
            return [*found, _Token("$", "", start)]
        before = found[-1].kind if found else "$"
        kind, end = _next(text, start, behind_operand=before in "n)p")
        if kind == "(":
            in_function.append(in_function[-1] or before in "fw")
        elif kind == ")":
            in_function = in_function[:-1] or [False]
        elif kind in "+-" and before not in "n)p":
            kind = "u" if kind == "+" else "m"
        elif kind == "n" and not in_function[-1] and (grouped := _GROUPED.match(text, start)):
            end = grouped.end()
        found.append(_Token(kind, text[start:end], start))
        start = end


def _next(text: str, start: int, *, behind_operand: bool) -> tuple[str, int]:
    """Return kind and end of the token at ``start``."""
    if behind_operand and (times := _TIMES.match(text, start)):
        return "*", times.end()
    match = _TOKEN.match(text, start)
    if match is None or (match.lastgroup == "w" and text[start].isnumeric()):  # "²" counts as a letter
        raise ModelRetry(_foreign(text[start:]))
    if match.lastgroup == "symbol":
        return _MEANT.get(match[0], match[0]), match.end()
    return str(match.lastgroup), match.end()


def _foreign(rest: str) -> str:
    """Return the message about a text that does not begin with a token."""
    for pattern, message in _FOREIGN.items():
        if found := re.match(pattern, rest, re.IGNORECASE | re.DOTALL):
            return message.format(quoted(found[0]))
    return f"The character {quoted(rest[0])} is not understood: write numbers, + - * / % ** and parentheses."


def _check_order(text: str, tokens: list[_Token]) -> None:
    """Raise ``ModelRetry`` about the first token that is out of place, if any."""
    kinds = "".join(token.kind for token in tokens)
    wrong = [
        (found.start(), message) for one, message in _MISPLACED.items() if (found := re.search(one, kinds))
    ]
    problems = [(place, _described(message, text, tokens, place)) for place, message in wrong]
    problems += _unpaired(text, tokens, kinds)
    if problems:
        raise ModelRetry(min(problems, key=lambda problem: problem[0])[1])


def _described(message: str, text: str, tokens: list[_Token], place: int) -> str:
    """Return a message with the token and its surroundings filled in."""
    it = tokens[place]
    around = text[tokens[max(0, place - 2)].start :][:40]
    return message.format(
        text=quoted(text),
        equals=quoted(text[text.find("=") :]),
        around=quoted(around),
        before=quoted(tokens[place - 1].text),
        it=quoted(it.text),
        rest=quoted(text[it.start :]),
        name=it.text.casefold(),
        sign=_SIGN_WORDS.get(it.text.casefold()),
    )


def _unpaired(text: str, tokens: list[_Token], kinds: str) -> Iterator[tuple[int, str]]:
    """Yield place and message of unmatched parentheses, misplaced commas and wrong argument counts."""
    while innermost := re.search(r"(f?)\(([^()$]*)\)", kinds):
        first, last = innermost.start(), innermost.end() - 1
        if innermost[1]:
            count = innermost[2].count(",") + 1 if innermost[2] else 0
            source = text[tokens[first].start : tokens[last].start + 1]
            if message := _miscounted(tokens[first].text.casefold(), count, source):
                yield last, message
        elif "," in innermost[2]:
            place = kinds.index(",", first)
            yield place, _described(_UNPAIRED[","], text, tokens, place)
        kinds = kinds[:first] + "n" * (last + 1 - first) + kinds[last + 1 :]
    for found in re.finditer("[),]", kinds):
        place = found.start()
        opening = kinds.rfind("(", 0, place)
        if found[0] == ")" or kinds[max(0, opening - 1)] != "f":
            yield place, _described(_UNPAIRED[found[0]], text, tokens, place)
    if "(" in kinds:
        yield len(kinds), _described(_UNPAIRED["("], text, tokens, kinds.rindex("("))


def _miscounted(name: str, count: int, source: str) -> str | None:
    """Return the message about a wrong argument count; ``None`` if the function takes that many."""
    fewest, most = _FUNCTIONS[name]
    if fewest <= count <= most:
        return None
    takes = {1: "one argument", 2: "one argument or two", 100: "one argument or more"}[most]
    hint = "write what it is to be taken of"
    if count:
        hint = "write numbers within a function without commas, 1234 for 1,234"
    if name == "log" and count == 2:
        hint = "write log(8) / log(2) for a logarithm to the base 2"
    return f"{name} takes {takes}, not {count} as in {quoted(source)}: {hint}."


def _check_depth(text: str, tokens: list[_Token]) -> None:
    """Raise ``ModelRetry`` if the nesting could exceed the recursion limits of Python's parser or ours."""
    levels = [0]  # pending signs and exponents in each open parenthesis
    for place, token in enumerate(tokens):
        if token.kind == "(":
            levels.append(0)
        elif token.kind == ")":
            levels.pop()
        elif token.kind in "um^":
            levels[-1] += 1
        elif token.kind in "+-*/%o,":
            levels[-1] = 0
        if len(levels) - 1 + sum(levels) > MAX_DEPTH:
            message = (
                f"More than {MAX_DEPTH} parentheses, signs or exponents stand within each other, "
                "at {around}: compute it in parts."
            )
            raise ModelRetry(_described(message, text, tokens, place))


def _as_python(tokens: list[_Token]) -> str:
    """Translate tokens to a Python expression whose only names are those of functions.

    Raises:
        ModelRetry: if a number is out of bounds.
    """
    parts = []
    for token in tokens:
        if token.kind == "n":
            parts.append(repr(_number(token.text)))
        elif token.kind == "f":
            parts.append(token.text.casefold())
        else:
            parts.append(_PYTHON.get(token.kind, f"){token.kind}("))
    return f"({''.join(parts)})"


def _number(text: str) -> str:
    if text.casefold() in {"pi", "π"}:
        return "pi"
    text = text.replace(",", "")
    value = float(text)
    if value > MAX_VALUE:
        raise ModelRetry(f"The number {quoted(text)} is too large: {MAX_VALUE:g} is the most.")
    if value == 0 and re.search(r"^[^eE]*[1-9]", text):
        raise ModelRetry(f"The number {quoted(text)} is too small: write 0 for it.")
    return text

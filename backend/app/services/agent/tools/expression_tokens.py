"""Cutting arithmetic into tokens, and refusing in words what is no part of it."""

import re
from dataclasses import dataclass
from typing import NoReturn

FUNCTIONS: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(("sqrt", "abs", "floor", "ceil", "log", "log10", "exp"), (1, 1)),
    "round": (1, 2),
    **dict.fromkeys(("min", "max"), (1, None)),
}
"""The least and the most arguments of each function."""
PI = ("pi", "π")
KNOWN = (*FUNCTIONS, *PI)
"""The words that are part of arithmetic, in lower case."""

_MEANT = dict.fromkeys("×·⋅∗", "*") | dict.fromkeys("÷∕", "/") | dict.fromkeys("−–", "-") | {"^": "**"}
_POINT = r"(?:\.[0-9]+|\.(?![\w.]))"  # "5.", but not the beginning of "5.real"
_NUMBER = re.compile(rf"(?:[0-9]+{_POINT}?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(rf"[1-9][0-9]{{0,2}}(?:,[0-9]{{3}})+(?!,?[0-9]){_POINT}?")
_OTHER_BASE = re.compile(r"0[xXbBoO][0-9a-fA-F]+")
_WORD = re.compile(r"(?=[^\d])\w+")
_CURRENCY = re.compile(r"[$€£]\s*(?=\.?[0-9])")
# What follows decides, or "2x + 3" would be 2 times +3.
_TIMES = re.compile(rf"[xX](?=\s*(?:\.?[0-9]|[($€£]|(?:{'|'.join(KNOWN)})\b))", re.IGNORECASE)
_SYMBOL = re.compile(rf"(?!//|==)(?:\*\*|[-+*/%(),={re.escape(''.join(_MEANT))}])")
_FOREIGN = re.compile(r"//|[<>!=]=|\.\w+|.", re.DOTALL)
_QUOTES = "\"'`“”„‘’«»"


class NotArithmetic(Exception):
    """The text cannot be read; the message tells a language model what to write instead."""


@dataclass(frozen=True, slots=True)
class Token:
    """A number, a word or a symbol.

    Attributes:
        kind: ``number``, ``word``, ``of``, ``end``, or the operator or symbol that is meant.
        text: as it is to be read, without separators of thousands.
        start: where it begins in the text.
        end: where it ends.
    """

    kind: str
    text: str
    start: int
    end: int


def quoted(text: str, limit: int = 30) -> str:
    """Return text in quotes, on one line, shortened, and with nothing in it that cannot be stored."""
    text = " ".join(text.split())
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return "“" + "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text) + "”"


class Lexer:
    """Cuts a text into tokens.

    Attributes:
        unusual: whether a token was read in a way in which not everybody would read it.
    """

    def __init__(self, text: str) -> None:
        self.unusual = False
        self._text = text
        self._found: list[Token] = []
        # For each open parenthesis, whether it is a function's or within a function's.
        self._calls: list[bool] = []

    def tokens(self) -> list[Token]:
        """Return the tokens, and one for the end.

        Raises:
            NotArithmetic: at the first character that belongs to none, or at an equals sign.
        """
        place = 0
        while place < len(self._text):
            place = place + 1 if self._text[place].isspace() else self._next(place)
        self._add("end", place, place)
        for number, token in enumerate(self._found):
            if token.kind == "=":
                self._refuse_equals(number)
        return self._found

    def _next(self, place: int) -> int:
        """Add the token at ``place``, and return where it ends."""
        if money := _CURRENCY.match(self._text, place):
            self.unusual = True
            return money.end()
        if number := _NUMBER.match(self._text, place):
            return self._number(place, number.end())
        if self._is_behind_operand() and _TIMES.match(self._text, place):
            self.unusual = True
            return self._add("*", place, place + 1)
        word = _WORD.match(self._text, place)
        if word and not word[0][0].isnumeric():  # "²" counts as a letter otherwise
            return self._add("of" if word[0].casefold() == "of" else "word", place, word.end())
        symbol = _SYMBOL.match(self._text, place)
        if symbol is None:
            self._refuse_foreign(place)
        return self._symbol(place, symbol[0])

    def _number(self, place: int, end: int) -> int:
        if other := _OTHER_BASE.match(self._text, place):
            raise NotArithmetic(
                f"Only decimal numbers are understood, not {quoted(other[0])}: "
                "write the number in digits from 0 to 9, or * for a product."
            )
        if grouped := _GROUPED.match(self._text, place):
            self.unusual = True
            end = end if any(self._calls) else grouped.end()
        return self._add("number", place, end)

    def _symbol(self, place: int, symbol: str) -> int:
        if symbol == "(":
            self._calls.append(any(self._calls) or self._last_kind == "word")
        elif symbol == ")" and self._calls:
            self._calls.pop()
        return self._add(_MEANT.get(symbol, symbol), place, place + len(symbol))

    def _add(self, kind: str, start: int, end: int) -> int:
        self._found.append(Token(kind, self._text[start:end].replace(",", ""), start, end))
        return end

    @property
    def _last_kind(self) -> str:
        return self._found[-1].kind if self._found else ""

    def _is_behind_operand(self) -> bool:
        if self._last_kind == "word":
            return self._found[-1].text.casefold() in PI
        return self._last_kind in {"number", ")", "%"}

    def _refuse_equals(self, number: int) -> NoReturn:
        if number == 1 and self._found[0].kind == "word":
            raise NotArithmetic(
                f"Nothing can be assigned, as in {quoted(self._text)}: write only what is to be computed."
            )
        raise NotArithmetic(
            f"No equation can be computed, as from {quoted(self._text[self._found[number].start :])} on: "
            "write one side alone, without “=”."
        )

    def _refuse_foreign(self, place: int) -> NoReturn:
        match = _FOREIGN.match(self._text, place)
        text = match[0] if match else ""
        shown = quoted(text)
        if text == "//":
            reason = f"{shown} is not understood: write floor(7 / 2) for a division without its remainder"
        elif text in {"<", ">"} or text[1:] == "=":
            reason = f"Nothing can be compared, as by {shown}: write an expression whose value is a number"
        elif text in "[]{}":
            reason = f"Brackets such as {shown} are not understood: write round ones, ( and )"
        elif text in _QUOTES:
            shown = quoted(self._text[place:])
            reason = f"Text in quotes, as from {shown} on, is not understood: write numbers without quotes"
        elif text[0] == "." and len(text) > 1:
            reason = (
                f"Nothing has attributes such as {shown}: write functions by their names alone, as sqrt(2)"
            )
        elif text in "$€£":
            reason = f"The currency sign {shown} stands before no number: leave it out"
        elif text.isnumeric():
            reason = f"{shown} is no plain digit: write the digits 0 to 9, and ** for a power"
        else:
            reason = f"The character {shown} is not understood: write numbers, + - * / % ** and parentheses"
        raise NotArithmetic(f"{reason}.")

"""Choosing the number that a sentence gives as its answer, among all that it holds.

"Each of the 6 bags holds 8" gives 8. Where nothing says which number is meant, or where it gives a range or
an alternative, none is chosen.
"""

import itertools
import re

from app.services.evaluation.numbers import Number, find_number_words, find_numbers, plain_latex

RANGE = "range_or_two"
SEVERAL = "several_numbers"
UNREADABLE = "unreadable_number"

_OPERATOR = re.compile(r"\s*(?:[-+*/×x÷·−](?=[\s\d($])|plus\b|minus\b|times\b)")
_EXPRESSION = re.compile(r"\s*(?:[-+*/×x÷·−]|plus|minus|times)\s*[$(]*")
_SAYS_EQUALS = re.compile(
    r"≈|\\approx\b|\bround(?:s|ed)(?: up| down)? to (?:about )?(?=-?[$€£]?\d[\d.,]*(?! ?(?:decimal"
    r"|significant|dp|d\.p))\b)"
    r"|\bis equal to\b|\bequals\b|\badds? up to\b"
    r"|(?:sum|difference|product|quotient|average|mean) (?:of"
    r"|between) (?=[^=]{1,60}\d[^=]{0,30} is\b)[^=]{1,80}? is\b"
)
_IN_BRACKETS = re.compile(
    r"(?<=[\w%$€£°²³.])\s\((?=[^()]*\d)[^()]*\)(?!\s*[-+*/×x÷=^−])|(?:\s?\[\d{1,3}\])+(?=\W*$)"
)
_PARTS = re.compile(r":\s|,?\s(?:i\.e\.|that is),?\s")
_SQUARED = re.compile(r"\b([kcm]?m|ft|in|yd|mi|inch(?:es)?|feet|met(?:er|re)s?|units?)\s?\^\{?[23]\}?")
_SPACED_MINUS = re.compile(r"(?<==\s)[-−–]\s(?=[$€£]?\d)")
_TWO_EQUATIONS = re.compile(r"\d\s*(?:,|and\b|or\b)\s*[a-z]\s*=\s*[-\d]")
_LAST_CLAUSE = re.compile(
    r"(?:,?\s(?:so|therefore|thus|hence|which means)|(?:,\s|,?\sand\s)(?:thereby|giving|making"
    r"|leaving|totall?ing|for a total of)|,\sthen)\b(?! (?:far"
    r"|that|much|many)\b)"
)
_RESULT_ASIDE = re.compile(r",\s(?:which|that) (?:is|equals|makes|gives)\b")
_START = re.compile(r"[\s$*(\[~≈:]*(?:about |approximately |exactly |roughly |only |just )?$")
_JOINED = re.compile(
    r"\s*,\s*|\s*(?:[^\W\d_]{1,12}\s?|[$€£%°]){0,3},?\s*(?:\b(?:maybe|perhaps|possibly|no)\b,?|\bor\b"
    r"|\band\b|\bto\b|(?<=\s):(?=\s)|\bi\.e\.|\bnamely\b|[-–—~±]|\+/-)"
    r"\s*(?:about |maybe |perhaps |possibly |even |only )?\s*"
)
_UNIT_PARTS = re.compile(
    r"\s*(?:hours?|hrs?|h|minutes?|mins?|feet|foot|ft|pounds?|lbs?|years?|weeks?|days?|months?"
    r"|dollars?|yards?)[,\s]*",
    re.IGNORECASE,
)
_ASIDE = re.compile(r",?\s\(?(?:because|since|assuming|which|so each|where)\b.*|,\s(?:as|or rather)\b.*")
_BEFORE_OTHERS = re.compile(
    r"\b(?:in|after|for|per|(?<!total )(?<!sum )(?<!amount )(?<!number )of|within|over|from|on|at|by"
    r"|every|each|not|than"
    r"|with|first|last|next|the|all|step|day|week|month|year|grade|rather than|instead of|when|if"
    r"|only|before|until|between)"
    r"\s+(?:(?:the|all|each|every|these|those|only|about|just|another|a|her|his|their"
    r"|its)\s+)?(?:first |last |next |other )?$",
    re.IGNORECASE,
)
_BEFORE_AIM = re.compile(r"\bto (?!be\b|get\b)[a-z]+\s[$€£]?$")
_BEFORE_RESULT = re.compile(
    r"(?:\b(?:is|are|was|were|be|equals?|equal to|has|have|had|having|holds?|gets?|got|makes?|made"
    r"|earns?|earned|needs?"
    r"|costs?|pays?|paid|receives?|received|totals?|total of|sum of|leaves?|left with|becomes?|gives?"
    r"|gave|contains?"
    r"|sells?|sold|saves?|saved|spends?|spent|takes?|took|uses?|used|eats?|ate|buys?|bought|reads?"
    r"|walks?|walked|runs?"
    r"|ran|drives?|drove|travels?|travelled|traveled|covers?|covered|produces?|collects?|collected"
    r"|owes?|scores?|scored"
    r"|bakes?|baked|comes? to|adds? up to|amounts? to|works out (?:to|at|as)|results? in|requires?"
    r"|charges?|wins?|won"
    r"|weighs?|measures?|lasts?|grows?|drinks?|plants?|finds?|found|keeps?|kept|gains?|gained|loses?"
    r"|lost|know|remain)(?: (?:her|him|them|it|us|you|me))?"
    r"|:|≈|→)\s*"
    r"(?:about |approximately |exactly |only |just |a total of |around |roughly |still |now "
    r"|therefore |altogether "
    r"|at |to |up to |thus |in total |in all |\(|\*|an? )*[\s(]*$",
    re.IGNORECASE,
)


def read_number(text: str, *, marked: bool) -> tuple[str | None, str]:
    """Return the number that a sentence gives, as digits, and why none was chosen where there are some.

    Args:
        text: one sentence, on one line.
        marked: the output says that it is the answer; a number at its start then is meant.
    """
    text = _SQUARED.sub(r"\1", _SPACED_MINUS.sub("-", plain_latex(text)))
    text = _SAYS_EQUALS.sub("=", _without_brackets(text))
    behind, decided = _behind_equals(text)
    if decided:
        return behind
    text = _total(_essential(text))
    numbers = find_numbers(text) or _from_words(text)
    if all(_stands_behind(_BEFORE_OTHERS, text, number) for number in numbers):
        # "sold eighteen in 2 months"
        numbers = [one for one in find_number_words(text) if one.value != 1] or numbers
    if not numbers:
        return None, ""
    return _choose(text, numbers, marked=marked)


def has_number_words(text: str) -> bool:
    """Return whether a text holds a number in words, other than "one"."""
    return any(number.value != 1 for number in find_number_words(text))


def has_number(text: str) -> bool:
    """Return whether a text holds a number, in digits."""
    return bool(find_numbers(plain_latex(text)))


def number_alone(text: str) -> bool:
    """Return whether a line is nothing but a number, with a currency or a word for its unit."""
    text = plain_latex(text)
    numbers = find_numbers(text) or find_number_words(text)
    if len(numbers) != 1:
        return False
    around = f"{text[: numbers[0].start]} {text[numbers[0].end :]}"
    return len(re.findall(r"[^\W\d_]+", around)) <= 1 and "=" not in text


def _behind_equals(text: str) -> tuple[tuple[str | None, str], bool]:
    """Return the number behind the last equals sign, and whether the text has an equation at all."""
    if _TWO_EQUATIONS.search(text):
        return (None, RANGE), True
    before, sign, behind = text.rpartition("=")
    numbers = find_numbers(behind) if sign else []
    if not numbers:
        return (None, ""), False
    first = numbers[0]
    if _OPERATOR.match(behind, first.end) and len(numbers) > 1:
        left = find_numbers(before.rpartition("=")[2])
        if len(left) == 1:
            return _checked(text, left[0], left), True
        return (None, SEVERAL), True
    if _START.fullmatch(behind[: first.start]):
        return _checked(behind, first, numbers), True
    return _choose(behind, numbers, marked=True), True


def _essential(text: str) -> str:
    """Return the clause that gives the result: without reasons behind it, or steps before it."""
    last = _LAST_CLAUSE.split(text)[-1]
    text = last if find_numbers(last) else text
    before, *behind = _RESULT_ASIDE.split(text)
    if behind and find_numbers(behind[-1]) and len(find_numbers(before)) > 1:
        text = behind[-1]
    trimmed = _ASIDE.sub("", text)
    return trimmed if find_numbers(trimmed) else text


def _without_brackets(text: str) -> str:
    """Return a text without what explains its number in brackets, and without the numbers of its sources."""
    trimmed = _IN_BRACKETS.sub("", text)
    return trimmed if find_numbers(trimmed) or find_number_words(trimmed) else text


def _total(text: str) -> str:
    """Return "18 clips" of "18 clips: 5 in April and 13 in May"."""
    before, *behind = _PARTS.split(text, maxsplit=1)
    if not behind or len(find_numbers(behind[0])) < 2:
        return text
    numbers = find_numbers(before)
    is_total = len(numbers) == 1 and not _stands_behind(_BEFORE_OTHERS, before, numbers[0])
    return before if is_total else text


def _choose(text: str, numbers: list[Number], *, marked: bool) -> tuple[str | None, str]:
    if len({number.value for number in numbers}) == 1:
        return _checked(text, numbers[0], [])
    left = [one for one in numbers if not _stands_behind(_BEFORE_OTHERS, text, one)]
    if len(left) > 1:
        left = [one for one in left if not _stands_behind(_BEFORE_AIM, text, one)] or left
    results = [one for one in left if _stands_behind(_BEFORE_RESULT, text, one)]
    first = numbers[0]
    if len(results) == 1:
        return _checked(text, results[0], numbers)
    if marked and _START.fullmatch(text[: first.start]):
        return _checked(text, first, numbers)
    if len(left) == 1:
        return _checked(text, left[0], numbers)
    joined = any(_are_joined(text, one, other) for one, other in itertools.pairwise(numbers))
    return None, RANGE if joined else SEVERAL


def _stands_behind(pattern: re.Pattern[str], text: str, number: Number) -> bool:
    return pattern.search(text[max(0, number.start - 60) : number.start]) is not None


def _checked(text: str, chosen: Number, numbers: list[Number]) -> tuple[str | None, str]:
    """Return the chosen number, unless it is unreadable, or one end of a range or one of two."""
    if chosen.value is None:
        return None, UNREADABLE
    place = numbers.index(chosen) if chosen in numbers else 0
    pairs = [*itertools.pairwise(numbers)][max(0, place - 1) : place + 1]
    if any(_are_joined(text, one, other) for one, other in pairs):
        return None, RANGE
    return chosen.text, ""


def _are_joined(text: str, one: Number, other: Number) -> bool:
    between = text[one.end : other.start]
    patterns = (_JOINED, _UNIT_PARTS, _EXPRESSION)
    return one.value != other.value and any(pattern.fullmatch(between) for pattern in patterns)


def _from_words(text: str) -> list[Number]:
    numbers = find_number_words(text)
    alone = len(numbers) == 1 and not text[: numbers[0].start].strip(" \"'*(")
    return numbers if alone or not any(number.value == 1 for number in numbers) else []

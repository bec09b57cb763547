"""Numbers as people and models write them, read whole or not at all.

``find_numbers`` knows signs (ASCII, minus sign, en dash), currencies, separators of thousands (comma, point,
apostrophe, thin and no-break space; also by lakh), the decimal comma where it cannot be a separator,
fractions, powers of ten, scales ("k", "million") and number words. A run of digits that fits none of these,
such as a time of day or a date, is found without a value.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_THIN = "\u2009\u202f\u00a0\u2007"
_CURRENCY = r"(?:(?:US|AU|CA|NZ|HK|A|C)?[$€£¥₹]|Rs\.?|USD|EUR|GBP|INR)[ \u00a0]?"
_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_MAX_DIGITS = 60
"""A longer run of digits is no number that anybody counts with, and slow to compute with."""
_RUN = re.compile(
    rf"(?<![^\W{_CJK}])(?<![.)\]%])(?P<sign>[+\-−–])?(?P<currency>{_CURRENCY})?"
    rf"(?P<body>\.?\d(?:[\d.,:/⁄'’_{_THIN}]*\d)?)"
    r"(?:[eE](?P<exponent>[+-]?\d{1,2})(?!\w))?"
)
_PLAIN = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_GROUPED = re.compile(
    rf"\d{{1,3}}(?P<mark>[,'’_{_THIN}])\d{{3}}(?:(?P=mark)\d{{3}})*(?:\.\d+)?"
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?"
)
_DECIMAL_COMMA = re.compile(rf"\d{{1,3}}(?:[.{_THIN}]\d{{3}})+,\d+|\d+,\d{{1,2}}|0,\d+")
_POINTS_BY_THOUSAND = re.compile(r"\d{1,3}(?:\.\d{3}){2,}")
_FRACTION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)[/⁄](\d{1,12}(?:\.\d{1,6})?)")
_MIXED = re.compile(r"[ \u00a0-](\d{1,6})[/⁄](\d{1,6})(?![\d/])")
_SPACED_GROUPS = re.compile(r"(?: \d{3})+(?:[.,]\d{1,2})?(?!\d|[.,/]\d)")
_TIMES_TEN = re.compile(r"\s*[×x*·⋅]\s*10\s*(?:(?:\^|\*\*)\s*[{(]?([+\-−]?\d{1,2})[})]?|([⁻⁰¹²³⁴-⁹]{1,3}))")
_POWER = re.compile(r"(?:\^|\*\*)[{(]?(\d{1,2})[})]?")
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_SCALE = re.compile(
    r"(?P<letter>[kKMB])(?![\w²³])|[ \u00a0-]?(?P<word>hundred|thousand|lakh|million|mn|crore|billion"
    r"|bn|trillion)\b",
)
_SCALES = {
    "k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "hundred": 100, "thousand": 10**3, "lakh": 10**5,
    "million": 10**6, "mn": 10**6, "crore": 10**7, "billion": 10**9, "bn": 10**9, "trillion": 10**12,
}  # fmt: skip
_PERCENT = re.compile(r"\s?(?:%|per ?cent\b)")
_LATEX_FRACTION = re.compile(r"(?<=(\d))?\\[dt]?frac\s*\{\s*([\d.,]+)\s*\}\s*\{\s*([\d.,]+)\s*\}")
_SHORT_FRACTION = re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)")
_MINUS_WORD = re.compile(r"(?<![\d)]\s)\b(?:minus|negative)\s+(?=[$€£]?\d)", re.IGNORECASE)
_AND_A_HALF = re.compile(r" and a half\b")
_ROOT = re.compile(r"(?:sqrt|√)\s?[{(]?$")
_NOT_ALONE = re.compile(r"h\d|\s?(?:\\?sqrt\b|√|π|\\pi\b)")
_VULGAR = re.compile("(?<=(\\d))?([¼-¾⅐-⅞])")
_LATEX = ((r"\times", "×"), (r"\cdot", "·"), ("{,}", ","), (r"\%", "%"), (r"\$", "$"), (r"\,", "\u2009"))

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: number for number, word in enumerate(_UNITS)} | {
    word: 10 * number for number, word in enumerate(_TENS, start=2)
}
_BIG_WORDS = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_WORD = "|".join((*_WORDS, "hundred", *_BIG_WORDS))
_WORD_RUN = re.compile(
    rf"\b(?:{_WORD}|(?<!\band )an?(?= (?:hundred|thousand|million|dozen|half|third|quarter)\b))"
    rf"(?:(?:[ -]|[ ]and )(?:{_WORD}))*\b",
    re.IGNORECASE,
)
_SHARES = {
    "dozen": Fraction(12),
    "half": Fraction(1, 2), "halves": Fraction(1, 2), "third": Fraction(1, 3), "thirds": Fraction(1, 3),
    "quarter": Fraction(1, 4), "quarters": Fraction(1, 4), "fourths": Fraction(1, 4),
    "fifth": Fraction(1, 5), "fifths": Fraction(1, 5), "tenth": Fraction(1, 10), "tenths": Fraction(1, 10),
}  # fmt: skip
# "twenty-third" is no fraction, "two-thirds" is one.
_SHARE = re.compile(
    r"(?: |-(?=[a-z]+s\b))(dozen|half|halves|thirds?|quarters?|fourths|fifths?|tenths?)\b", re.IGNORECASE
)
_MINUS_BEFORE = re.compile(r"\b(?:minus|negative) $", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text.

    Attributes:
        start: offset of its first character, sign and currency included.
        end: offset behind its last one, scale included.
        value: ``None`` if these digits are no single number: a time of day, a date, a list.
        text: as digits, without currency and separators, decimals as written; a fraction as "1/3".
        percent: a per cent sign follows; the value is that of the digits.
    """

    start: int
    end: int
    value: Fraction | None
    text: str
    percent: bool = False


def plain_latex(text: str) -> str:
    r"""Return ``text`` with ``\frac`` as a slash, with signs unescaped, and "minus" as a sign."""
    for written, meant in _LATEX:
        text = text.replace(written, meant)
    text = _MINUS_WORD.sub("-", _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", text))
    text = _LATEX_FRACTION.sub(lambda found: f"{' ' if found[1] else ''}{found[2]}/{found[3]}", text)
    return _VULGAR.sub(
        lambda found: (" " if found[1] else "") + unicodedata.normalize("NFKC", found[2]).replace("⁄", "/"),
        text,
    )


def find_numbers(text: str) -> list[Number]:
    """Return the numbers in ``text`` that are written in digits, in their order."""
    numbers: list[Number] = []
    for run in _RUN.finditer(text):
        if not numbers or run.start() >= numbers[-1].end:
            numbers.append(_read(text, run))
    return numbers


def find_number_words(text: str) -> list[Number]:
    """Return the numbers in ``text`` that are written in words ("forty-eight"), in their order."""
    return list(_in_words(text))


def single_number(text: str) -> Number | None:
    """Return the only number in ``text``; ``None`` if it holds none, several, or one that cannot be read."""
    numbers = find_numbers(plain_latex(text))
    return numbers[0] if len(numbers) == 1 and numbers[0].value is not None else None


def canonical(value: Fraction) -> str:
    """Return a value as text, the same for every way of writing it: "1200", "0.5", "1/3"."""
    if value.denominator == 1:
        return str(value.numerator)
    places, power = 0, value.denominator
    for factor in (2, 5):
        count = 0
        while power % factor == 0:
            power //= factor
            count += 1
        places = max(places, count)
    if power != 1:
        return f"{value.numerator}/{value.denominator}"
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _read(text: str, run: re.Match[str]) -> Number:
    end = run.end()
    digits = _digits(run["body"])
    value = None if digits is None or len(digits) > _MAX_DIGITS else Fraction(digits)
    rooted = _ROOT.search(text, max(0, run.start() - 8), run.start())
    if value is None or digits is None or rooted or _NOT_ALONE.match(text, end):
        return Number(run.start(), end, None, run[0])
    written = digits if "/" not in digits else None
    if run["exponent"]:
        value, written = value * Fraction(10) ** int(run["exponent"]), None
    else:
        value, end, changed = _with_more(text, value, end, whole=digits.isdigit())
        written = None if changed else written
    if run["sign"] in {"-", "−", "–"}:
        value, written = -value, written and f"-{written}"
    percent = _PERCENT.match(text, end) is not None
    return Number(run.start(), end, value, _tidy(written) if written else canonical(value), percent)


def _digits(body: str) -> str | None:
    """Return the digits of a number with a decimal point, or a fraction; ``None`` if they are no number."""
    if _PLAIN.fullmatch(body):
        return body
    if _GROUPED.fullmatch(body):
        return re.sub(rf"[,'’_{_THIN}]", "", body)
    if _DECIMAL_COMMA.fullmatch(body):
        return re.sub(rf"[.{_THIN}]", "", body).replace(",", ".")
    if _POINTS_BY_THOUSAND.fullmatch(body):
        return body.replace(".", "")
    fraction = _FRACTION.fullmatch(body)
    if fraction and Fraction(fraction[2]):
        ratio = Fraction(fraction[1]) / Fraction(fraction[2])
        return f"{ratio.numerator}/{ratio.denominator}"
    return None


def _with_more(text: str, value: Fraction, end: int, *, whole: bool) -> tuple[Fraction, int, bool]:
    """Return the value with the fraction, power or scale behind it, where it ends, and whether it changed."""
    mixed = _MIXED.match(text, end) if whole else None
    if mixed and int(mixed[2]):
        return value + Fraction(int(mixed[1]), int(mixed[2])), mixed.end(), True
    half = _AND_A_HALF.match(text, end) if whole else None
    if half:
        return value + Fraction(1, 2), half.end(), True
    times = _TIMES_TEN.match(text, end)
    if times:
        exponent = int((times[1] or times[2].translate(_SUPERSCRIPTS)).replace("−", "-"))
        return value * Fraction(10) ** exponent, times.end(), True
    power = _POWER.match(text, end)
    if power and value < 10**6:
        return value ** int(power[1]), power.end(), True
    spaced = _SPACED_GROUPS.match(text, end) if whole and 1 <= value < 1_000 else None
    if spaced and _begins(text, end):
        return Fraction(f"{value}{spaced[0].replace(' ', '').replace(',', '.')}"), spaced.end(), True
    scale = _SCALE.match(text, end)
    if scale:
        return value * _SCALES[scale["letter"] or scale["word"]], scale.end(), True
    return value, end, False


_MOST_MARKS = (
    200  # characters before a number that are looked at; without a bound a list of numbers takes minutes
)


def _begins(text: str, end: int) -> bool:
    """Return whether only marks and digits stand before ``end``: "1 200", but not "in 7 100 dollar notes"."""
    return end <= _MOST_MARKS and not any(character.isalpha() for character in text[:end])


def _tidy(digits: str) -> str:
    """Return digits without leading zeros, and without a fraction of zeros."""
    sign, digits = ("-", digits[1:]) if digits[0] == "-" else ("", digits)
    whole, point, fraction = digits.partition(".")
    whole = whole.lstrip("0") or "0"
    return sign + (f"{whole}.{fraction}" if point and fraction.strip("0") else whole)


def _in_words(text: str) -> Iterator[Number]:
    for run in _WORD_RUN.finditer(text):
        total = part = 0
        for word in re.split(r"[ -]", run[0].lower()):
            if word in _BIG_WORDS:
                total, part = total + max(part, 1) * _BIG_WORDS[word], 0
            elif word == "hundred":
                part = max(part, 1) * 100
            elif word in {"a", "an"}:
                part = 1
            else:
                part += _WORDS.get(word, 0)
        start, end, value = run.start(), run.end(), Fraction(total + part)
        half = _AND_A_HALF.match(text, end)
        share = _SHARE.match(text, end)
        if half:
            value, end = value + Fraction(1, 2), half.end()
        elif share:
            value, end = value * _SHARES[share[1].lower()], share.end()
        minus = _MINUS_BEFORE.search(text, max(0, start - 10), start)
        if minus:
            value, start = -value, minus.start()
        yield Number(start, end, value, canonical(value))

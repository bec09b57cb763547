"""Text normalisation as the official evaluation scripts define it, one function for each rule.

Sources: the official evaluation scripts of SQuAD v1.1, HotpotQA and TriviaQA; for GSM8K, those of
the dataset's authors and of lm-evaluation-harness. The tests hold example values of each.
"""

import re
import string
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from app.domain.scoring import ScoringRule
from app.services.evaluation.multilingual import normalise_multilingual
from app.services.evaluation.numbers import canonical, single_number

Normaliser = Callable[[str], str]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_TRIVIAQA_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation + "‘’´`", " "))
_GSM8K_STRICT = re.compile(r"#### (\-?[0-9\.\,]{1,200})")
_MINUS = str.maketrans("−", "-")
_LAST_NUMBER_WITHIN = 20_000
"""Characters at the end of an output in which its last number is looked for: bounds the time."""
_ENDLESS = re.compile(r"-?\d+/\d+")  # a number that ends as a decimal one is written so
_DECIMAL = re.compile(r"-?\d+\.(\d+)")
_LEAST_DECIMALS = 2
_GSM8K_FLEXIBLE = re.compile(r"(-?[$0-9.,]{2,200})|(-?[0-9]+)")


def normalise_squad(text: str) -> str:
    """Lowercase, delete ASCII punctuation, drop articles, collapse white space."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_ASCII_PUNCTUATION)).split())


def normalise_triviaqa(text: str) -> str:
    """Lowercase, punctuation and underscores to spaces, drop articles, collapse white space."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_TRIVIAQA_PUNCTUATION)).split())


def gsm8k_strict(text: str) -> str | None:
    """Return the first number after ``####``, or ``None``."""
    found = _GSM8K_STRICT.search(text)
    return None if found is None else _bare_number(found[1])


def gsm8k_official(text: str) -> str:
    """Return the number after ``####`` as text, or the text without separators, as the authors compare it."""
    return gsm8k_strict(text) or _bare_number(text.strip())


def gsm8k_flexible(text: str) -> str | None:
    """Return the last number anywhere, or ``None``."""
    found = None
    for found in _GSM8K_FLEXIBLE.finditer(text[-_LAST_NUMBER_WITHIN:].translate(_MINUS).replace("{,}", ",")):
        pass
    return None if found is None else _bare_number(found[0])


def _bare_number(text: str) -> str:
    return text.replace(",", "").replace("$", "").removesuffix(".")


def number_by_value(number: str) -> str:
    """Return a number in the one way of writing it: "5.50" and "$5.5" as "5.5"; other text as it is."""
    single = single_number(number)
    return number if single is None or single.value is None else canonical(single.value)


def normalise_gsm8k(text: str) -> str:
    """Return the number that a text gives, by its value; the text itself if it holds none.

    It is the number after ``####``; without one the only number, however it is written ("1/2", "1.5
    million"); of several the last one.
    """
    marked = _GSM8K_STRICT.search(text)
    if marked is not None:
        return _by_value_or_bare(marked[1])
    single = single_number(text)
    if single is not None and single.value is not None:
        return canonical(single.value)
    last = gsm8k_flexible(text)
    return text.strip() if last is None else _by_value_or_bare(last)


def _by_value_or_bare(number: str) -> str:
    by_value = number_by_value(number.rstrip(".,"))
    return by_value if single_number(by_value) else number_by_value(_bare_number(number))


_normalisers: dict[ScoringRule, Normaliser] = {
    "triviaqa": normalise_triviaqa,
    "squad": normalise_squad,
    "hotpotqa": normalise_squad,
    "gsm8k": normalise_gsm8k,
    "multilingual": normalise_multilingual,
}


@lru_cache(maxsize=8)  # several scorers look at one text after the other; few, since a text may be long
def normalise(text: str, rule: ScoringRule) -> str:
    """Return ``text`` as answers are compared under ``rule``."""
    return _normalisers[rule](text)


@lru_cache(maxsize=4096)
def normalised_answers(answers: tuple[str, ...], rule: ScoringRule) -> tuple[str, ...]:
    """Return the accepted answers normalised, in their order, each once.

    Of a share ("50%") the number of per cent is accepted, and the share itself (0.5).
    """
    accepted = dict.fromkeys(_normalisers[rule](answer) for answer in answers)
    if rule == "gsm8k":
        accepted |= dict.fromkeys(share for answer in answers if (share := _share(answer)) is not None)
    return tuple(accepted)


def is_rounded(given: str, accepted: str) -> bool:
    """Return whether of two normalised numbers one is the other, rounded to the decimals it is written with.

    That is the tolerance of the rule ``gsm8k``, and holds only where a fraction has no end as a decimal
    number (1/3), and at least two decimals are given (0.33). All other numbers must be equal.
    """
    fraction, decimal = (given, accepted) if "/" in given else (accepted, given)
    decimals = _DECIMAL.fullmatch(decimal)
    if decimals is None or len(decimals[1]) < _LEAST_DECIMALS or not _ENDLESS.fullmatch(fraction):
        return False
    step = Fraction(1, 10 ** len(decimals[1]))
    return abs(Fraction(fraction) - Fraction(decimal)) <= step / 2


def _share(answer: str) -> str | None:
    single = single_number(answer)
    return canonical(single.value / 100) if single and single.value is not None and single.percent else None

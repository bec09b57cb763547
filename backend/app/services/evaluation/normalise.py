"""Text normalisation as the official evaluation scripts define it, one function for each rule.

Sources: the official evaluation scripts of SQuAD v1.1, HotpotQA and TriviaQA; for GSM8K, those of
the dataset's authors and of lm-evaluation-harness. The tests hold example values of each.
"""

import re
import string
from collections.abc import Callable
from functools import lru_cache

from app.domain.scoring import ScoringRule

Normaliser = Callable[[str], str]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_TRIVIAQA_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation + "‘’´`", " "))
_GSM8K_STRICT = re.compile(r"#### (\-?[0-9\.\,]+)")
_GSM8K_FLEXIBLE = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")


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


def gsm8k_flexible(text: str) -> str | None:
    """Return the last number anywhere, or ``None``."""
    found = None
    for found in _GSM8K_FLEXIBLE.finditer(text):
        pass
    return None if found is None else _bare_number(found[0])


def _bare_number(text: str) -> str:
    return text.replace(",", "").replace("$", "").removesuffix(".")


def normalise_gsm8k(text: str) -> str:
    """Return the number after ``####`` if there is one, else the last number, else the text itself."""
    return gsm8k_strict(text) or gsm8k_flexible(text) or text.strip()


_normalisers: dict[ScoringRule, Normaliser] = {
    "triviaqa": normalise_triviaqa,
    "squad": normalise_squad,
    "hotpotqa": normalise_squad,
    "gsm8k": normalise_gsm8k,
}


def normalise(text: str, rule: ScoringRule) -> str:
    """Return ``text`` as answers are compared under ``rule``."""
    return _normalisers[rule](text)


@lru_cache(maxsize=4096)
def normalised_answers(answers: tuple[str, ...], rule: ScoringRule) -> tuple[str, ...]:
    """Return the accepted answers normalised, in their order, each once."""
    return tuple(dict.fromkeys(_normalisers[rule](answer) for answer in answers))

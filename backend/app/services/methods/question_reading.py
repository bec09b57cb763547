"""Reading the answer in a sentence that repeats its question: "The capital of France is Paris"."""

import re

from app.services.methods.text_patterns import WORD, words
from app.services.methods.text_reading import is_bare

_YES_NO_QUESTION = re.compile(
    r"\s*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may)\b(?!.*\sor\s)",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(
    r"\W*(?:(?:based on|according to)[^,]{1,80},\s)?(?:(?:I(?:['’]d| would)? (?:think|believe"
    r"|say)(?: so)?|absolutely|definitely|certainly|indeed|well"
    r"|hmm+),? )?(?P<said>yes|no|yeah|yep|nope)\b(?=\W*$|\s*[,.!;:()–—]|\s-|\s(?:because|since|as"
    r"|it|they)\b)",
    re.IGNORECASE,
)
_MEANT = {"yeah": "Yes", "yep": "Yes", "nope": "No"}
_OF_PLACE_OR_TIME = re.compile(r"\s*(?:where|when|in|on|at)\b|.*\b(?:where|when)\b", re.IGNORECASE)
_PLACE_OR_TIME = re.compile(
    r"(?:(?:located|situated|held|born) )?(?:[Ii]n|[Oo]n|[Aa]t) (?=(?:the )?[^\Wa-z_])"
)
_VERB = re.compile(
    r"\s(?:is|was|are|were)(?:\s(?:called|named|known\sas|titled))?"
    r"(?:\s(?:[a-z]+ly\s)?(?P<participle>[a-z]+)\s(?:(?P<by>by)|in|on|at|from))?(?:\s*:)?\s+(?=\S)"
)
_NEGATED = re.compile(r"\b(?:not|never|neither|nor|nobody|unknown|unclear)\b|n['’]t\b", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“«][^\"”»]{1,200}[\"”»][.!]?")
_NO_ANSWER_BEGINS = re.compile(
    r"(?:in|on|at|from|by|for|with|to|also|located|known|one|very|so|that|what|who|when|where|how|why"
    r"|(?:being )?[a-z]+(?:ed|ing))\b"
)
_SMALL = frozenset(
    words(
        "the a an of in on at to for from by with and that which who is was are were be been called named"
        " known as s it he she they this his her its their there did does do what when where how"
    )
)
_BEGINS_A_PREDICATE = re.compile(
    r"(?:is|was|are|were|has|had|have|wrote|won|led|sang|made|held|became|founded|found|[a-z]+ed)\b"
)
_MOST_VERBS = 4


def yes_or_no(text: str, question: str) -> str | None:
    """Return "Yes" or "No" if ``question`` asks for it, and ``text`` begins with it."""
    if not _YES_NO_QUESTION.match(question):
        return None
    found = _YES_OR_NO.match(text)
    return _MEANT.get(found["said"].lower(), found["said"]) if found else None


def stated_answer(sentence: str, question: str) -> str | None:
    """Return what a sentence adds to the words of ``question``: what it says of it, or its subject.

    In "The capital of France is Paris", and in "Paris is the capital of France", this is "Paris".
    """
    if not question or _NEGATED.search(_QUOTED.sub("", sentence)):
        return None
    asked = set(words(question))
    for verb, _ in zip(_VERB.finditer(sentence), range(_MOST_VERBS), strict=False):
        if _is_asked_for(sentence[: verb.start()], verb, asked):
            answer = without_preposition(sentence[verb.end() :], question)
            if _QUOTED.fullmatch(answer):
                return answer
            if (
                is_bare(answer)
                and not _NO_ANSWER_BEGINS.match(answer)
                and not asked.issuperset(words(answer))
            ):
                return answer
    return _subject(sentence, asked)


def without_preposition(answer: str, question: str) -> str:
    """Return an answer to "Where" or "When" without the "in" before a place or a time."""
    if not _PLACE_OR_TIME.match(answer) or not _OF_PLACE_OR_TIME.match(question):
        return answer
    return _PLACE_OR_TIME.sub("", answer, count=1)


def _is_asked_for(subject: str, verb: re.Match[str], asked: set[str]) -> bool:
    """Return whether a subject is what the question is about: its words, and one other at most."""
    participle = verb["participle"]
    content = [word for word in words(subject) if word not in _SMALL]
    inside = sum(word in asked for word in content)
    if participle is not None and participle not in asked and not (verb["by"] and content):
        return False
    if not content:
        return participle is not None or not subject[-1:].islower() or subject.lower() in {"it", "he", "she"}
    return inside == len(content) or (inside >= 2 and inside == len(content) - 1)


def _subject(sentence: str, asked: set[str]) -> str | None:
    """Return what stands before a predicate in the question's own words."""
    said = list(WORD.finditer(sentence))
    start = len(said)
    known = asked | _SMALL
    while start and said[start - 1][0].lower() in known:
        start -= 1
    for place in range(start, len(said)):
        word = said[place][0]
        if _BEGINS_A_PREDICATE.match(word) or (word.islower() and word in asked - _SMALL):
            answer = sentence[: said[place].start()].strip()
            repeated = {word[0].lower() for word in said[place:]} & asked - _SMALL
            is_new = not asked.union(_SMALL).issuperset(words(answer))
            return answer if repeated and is_new and is_bare(answer) else None
    return None

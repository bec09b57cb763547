r"""Parsing the answer at the end of a model's reasoning.

Conclusions are looked for in three tiers. Within a tier the last one counts, because models correct
themselves:

1. what is marked as the answer: ``Answer: …``, ``#### …``, ``\boxed{…}``, "the answer is …";
2. what is concluded: a sentence that begins with "Therefore" (or the like), or with "So";
3. the last sentence.

Of an output that was cut off at its token limit only the first tier counts: a "So" in the middle of the
reasoning concludes nothing. Each parsed answer names the rule that found it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.prediction import ParsedAnswer, ParseOutcome
from app.services.methods.short_answer_parser import after_question
from app.services.methods.text_patterns import (
    BOLD,
    DECORATION,
    MAX_ANSWER_WORDS,
    REFUSAL,
    REFUSAL_WITHIN,
    SENTENCE_END,
    WORD,
    unwrap,
    words,
)

_NEXT_TURN = re.compile(r"^[ \t]*(?:question|q|user|human)[ \t]*\d*[ \t]*:", re.IGNORECASE | re.MULTILINE)
_LABEL = re.compile(
    r"\banswer[ \t]*[:：][ \t]*|^[ \t#]*(?:final[ \t]+)?answer[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_ANSWER_IS = re.compile(
    r"\banswer(?:[ \t]to[ \t](?:the|this|your)[ \t](?:[a-z]+[ \t]){0,3}?[a-z]+)?[ \t]"
    r"(?:is|was|would[ \t]be|must[ \t]be|should[ \t]be)(?:[ \t]*[:：]|\b)[ \t]*(?:that\b)?",
    re.IGNORECASE,
)
_HASHES = re.compile(r"####[ \t]*(?=[^\s#])")
_BOX = re.compile(r"\\f?boxe?d?\s*\{")
_CONCLUSION = re.compile(
    r"(?:^|(?<=[.!?:][ \t]))[ \t]*"
    r"(?:(?P<so>so)|(?:and[ \t])?(?:therefore|thus|hence|consequently|in[ \t]conclusion))"
    r"\b(?![ \t](?:far|that|much|many)\b)[ \t]*,?[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_LATEX_TEXT = re.compile(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}")
_LATEX_MARKS = re.compile(
    r"\\[()\[\],;!]|\\(?=[$%])|\\(?:left|right|quad)(?![a-z])|\$\$|\{(?=,\})|(?<=\{,)\}"
)
_IN_DOLLARS = re.compile(r"^\$([^$]+)\$\.?$")
_NUMBER = re.compile(
    r"(?<![\w.])[-−]?[$€£]?[ ]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<![\w.])[-−]?\.\d+"
)
_BEFORE_NUMBER = re.compile(r"[\s$€£*(\[~≈:−-]*")
_LIST_NUMBER = re.compile(r"^\s*\d+[.)]\s+(?=\S)")
_MAX_CANDIDATE = 1_000  # characters after a marker that are searched; bounds the time for any output


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A text that may be the answer.

    Attributes:
        position: offset of its marker in the output.
        text: what follows the marker.
        rule: name of the rule that found it.
        marked: the output says that this is the answer, not only a conclusion.
    """

    position: int
    text: str
    rule: str
    marked: bool = False


def parse_reasoned_answer(
    output: str, question: str = "", *, numeric: bool = False, cut_off: bool = False
) -> ParsedAnswer:
    """Parse the answer that an output reasons towards; see the module's docstring.

    Reasoning in ``<think>`` tags, a repetition of the question, and further questions that the
    model invents (with their answers) are ignored.

    Args:
        output: what the model wrote.
        question: what it was asked.
        numeric: the answer is a number: it alone is returned, as digits, without currency,
            separators of thousands, unit, or a fraction of zeros.
        cut_off: the output ended at its token limit.
    """
    said = output.rpartition("</think>")[2]
    if said.lstrip().startswith("<think>"):
        outcome = ParseOutcome.CUT_OFF if cut_off else ParseOutcome.EMPTY
        return ParsedAnswer(None, outcome, "unfinished_thinking")
    said = BOLD.sub(r"\1", said)
    rest = after_question(said, question)
    said = said if rest is None else rest
    following = next((turn for turn in _NEXT_TURN.finditer(said) if WORD.search(said, 0, turn.start())), None)
    if following is not None:
        said, cut_off = said[: following.start()], False
    if not words(said):
        if rest is not None:
            return ParsedAnswer(None, ParseOutcome.ECHO, "question_repeated")
        return ParsedAnswer(None, ParseOutcome.EMPTY, "no_words")
    found = _last(_marked(said), numeric=numeric)
    if found is None and cut_off:
        return ParsedAnswer(None, ParseOutcome.CUT_OFF, "no_marked_answer")
    found = found or _last(_concluded(said), numeric=numeric)
    return _read(found, numeric=numeric) if found else _without_marker(said, numeric=numeric)


def _last(candidates: Iterator[_Candidate], *, numeric: bool) -> _Candidate | None:
    """Return the last candidate with words; where a number is wanted, the last with a number if any."""
    usable = sorted((one for one in candidates if words(one.text)), key=lambda one: one.position)
    with_number = [one for one in usable if _NUMBER.search(_plain(one.text))] if numeric else []
    return next(reversed(with_number or usable), None)


def _marked(said: str) -> Iterator[_Candidate]:
    for label in _LABEL.finditer(said):
        yield _Candidate(label.start(), _first_line(said, label.end()), "answer_label", marked=True)
    for words_before in _ANSWER_IS.finditer(said):
        yield _Candidate(
            words_before.start(), _first_line(said, words_before.end()), "answer_is", marked=True
        )
    for hashes in _HASHES.finditer(said):
        line = _first_line(said, hashes.end())
        # With text below, it is a heading, unless it begins with a number.
        if _starts_with_number(line) or not WORD.search(said, hashes.end() + len(line)):
            yield _Candidate(hashes.start(), line, "hashes", marked=True)
    for box in _BOX.finditer(said):
        content = _braced(said, box.end())
        if content is not None:
            yield _Candidate(box.start(), content, "boxed", marked=True)


def _concluded(said: str) -> Iterator[_Candidate]:
    for conclusion in _CONCLUSION.finditer(said):
        rule = "so" if conclusion["so"] else "therefore"
        yield _Candidate(conclusion.start(), _first_line(said, conclusion.end()), rule)


def _first_line(text: str, start: int) -> str:
    """Return the first line with words from ``start`` on: an answer may stand below its label."""
    part = text[start : start + _MAX_CANDIDATE]
    return next((line for line in part.splitlines() if words(line)), "")


def _braced(text: str, start: int) -> str | None:
    """Return the text up to the brace that closes the one before ``start``; ``None`` without such a brace."""
    depth = 1
    for position in range(start, min(len(text), start + _MAX_CANDIDATE)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start:position]
    return None


def _plain(text: str) -> str:
    """Return ``text`` on one line, without markdown and LaTeX around its words."""
    text = _LATEX_MARKS.sub("", _LATEX_TEXT.sub(r"\1", DECORATION.sub(" ", text)))
    text = " ".join(text.split())
    inner = _IN_DOLLARS.match(text)
    return inner[1] if inner else text


def _first_sentence(text: str) -> str:
    return next((part for part in SENTENCE_END.split(text) if words(part)), text)


def _read(found: _Candidate, *, numeric: bool) -> ParsedAnswer:
    """Parse the answer from a candidate."""
    text = _plain(_first_sentence(_plain(found.text)))
    if REFUSAL.search(text[:REFUSAL_WITHIN]):
        return ParsedAnswer(None, ParseOutcome.REFUSAL, "refusal_phrase")
    number = _number(text, marked=found.marked) if numeric else None
    if number is not None:
        return ParsedAnswer(number, ParseOutcome.ANSWERED, found.rule)
    outcome = ParseOutcome.ANSWERED if len(words(text)) <= MAX_ANSWER_WORDS else ParseOutcome.TOO_LONG
    return ParsedAnswer(unwrap(text), outcome, found.rule)


def _without_marker(said: str, *, numeric: bool) -> ParsedAnswer:
    """Parse the last sentence (with a number, where one is wanted), unless the model declines."""
    lines = [_LIST_NUMBER.sub("", _plain(line)) for line in DECORATION.sub("\n", said).splitlines()]
    sentences = [part for line in lines for part in SENTENCE_END.split(line) if words(part)]
    candidates = [part for part in sentences if _NUMBER.search(part)] if numeric else sentences
    declines = any(REFUSAL.search(part[:REFUSAL_WITHIN]) for part in (sentences[0], sentences[-1]))
    if declines and not (numeric and candidates):
        return ParsedAnswer(None, ParseOutcome.REFUSAL, "refusal_phrase")
    if not candidates or candidates[-1].endswith(("?", ":")):
        return ParsedAnswer(None, ParseOutcome.NO_ANSWER, "no_conclusion")
    return _read(_Candidate(0, candidates[-1], "last_sentence"), numeric=numeric)


def _starts_with_number(text: str) -> bool:
    before = _BEFORE_NUMBER.match(text)
    return bool(before and text[before.end() : before.end() + 1].isdigit())


def _number(text: str, *, marked: bool) -> str | None:
    """Return the number that ``text`` gives, as digits; ``None`` if it has none.

    Of a text that is marked as the answer, or follows an equals sign, it is the number at the start
    ("48 apples in 6 bags"); otherwise the last one ("6 bags hold 48 apples").
    """
    _, sign, behind = text.rpartition("=")
    equation = bool(sign and _NUMBER.search(behind))
    text = behind if equation else text
    numbers = _NUMBER.findall(text)
    if not numbers:
        return None
    first = _starts_with_number(text) and (marked or equation)
    bare = re.sub(r"[$€£, ]", "", numbers[0 if first else -1]).replace("−", "-")
    return re.sub(r"\.0+$", "", bare)

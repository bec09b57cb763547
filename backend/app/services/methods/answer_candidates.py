r"""Where an output says what its answer is.

Two tiers; within a tier the last one counts, because models correct themselves:

1. what is marked as the answer: ``Answer: …``, ``#### …``, ``\boxed{…}``, ``<answer>…``, ``{"answer": …}``,
   "the answer is …", "Wait, no: it is …", "I am not sure, but my guess is …";
2. what is concluded: a sentence that begins with "Therefore" (or the like), or with "So".
"""

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app.services.methods.text_patterns import REFUSAL, SENTENCE_END, WORD, has_words
from app.services.methods.text_reading import first_sentence, is_bare, lead_in_removed

_MAX_CANDIDATE = 1_000  # characters after a marker that are searched
_MAX_MARKERS = 20  # of each kind, the last ones: both bound the time for any output

_FOREIGN_WORDS = (
    "antwort", "réponse", "respuesta", "risposta", "resposta", "antwoord", "svar", "vastaus", "odpowied",
    "odpověď", "válasz", "răspuns", "cevap", "yanıt", "jawaban", "đáp án", "trả lời", "ответ", "відповідь",
    "απάντηση", "תשובה", "الإجابة", "الجواب", "उत्तर", "คำตอบ", "答え", "回答", "答案", "정답", "답변", "답",
)  # fmt: skip
_FOREIGN_LABELS = "|".join((*_FOREIGN_WORDS, "odpowiedź"))
_LABEL = re.compile(
    r"(?:\banswer(?<!\blong[ ]answer)(?<!\b(?:detailed|expanded)[ ]answer)(?<!wrong[ ]answer)"
    r"(?:[ \t]*\([^()\n]{0,40}\))?"
    r"|^[ \t>*#-]*(?:(?:final[ \t]+)?(?:response|result|reply"
    r"|conclusion)"
    rf"|(?:[^\W\d_]{{2,12}}[ ])?(?:最终|正确)?(?:{_FOREIGN_LABELS})(?:[ ](?:finale?|correcte|correcta))?"
    r"|tl;?dr|(?:my[ ])?(?:best[ ])?guess|ans))[ \t*_]*[:：][ \t]*"
    r"|^[ \t#|]*(?:final[ \t]+)?answer[ \t]*(?:$|(?:[-–—|=→]|[=-]>)[ \t]+)|^[ \t]*A:[ \t]+"
    r"|^[ \t>*]*Ans\.[ \t]+|(?:正确)?答案是[:：]?[ \t]*|答えは[:：、]?[ \t]*|(?:정답|답)은[ \t]+",
    re.IGNORECASE | re.MULTILINE,
)
_ANSWER_IS = re.compile(
    r"\b(?:answer|(?:my|best|educated)[ \t]guess)(?:[ \t]to[ \t](?:the|this|that"
    r"|your)[ \t](?:[a-z]+[ \t]){0,3}?[a-z]+(?:[ \t][\"“][^\"”\n]{1,300}[\"”])?)?[ \t]"
    r"(?:is|was|(?:would|must|should|could|might|has[ \t]to)[ \t]be)(?:[ \t]*[:：]|\b)[ \t]*(?:that\b)?"
    r"(?:,?[ \t]*(?:therefore|thus|clearly|obviously|probably|most[ \t]likely"
    r"|simply|of[ \t]course|indeed|actually|definitely|certainly|in[ \t]fact"
    r"|none[ \t]other[ \t]than),?[ \t]+)?"
    r"|\banswer[ ](?=(?:is|was)n['’]t\b)"
    r"|\b(?:correct|right|best)[ \t](?:option|choice)[ \t]is[ \t:]*"
    r"|\b(?:la[ ]respuesta(?:[ ]correcta)?[ ]es|la[ ](?:bonne[ ])?réponse(?:[ ]correcte|[ ]finale)?[ ]est"
    r"|die[ ](?:richtige[ ])?antwort[ ](?:ist|lautet)|het[ ](?:juiste[ ])?antwoord[ ]is"
    r"|la[ ]risposta[ ]è|a[ ]resposta[ ]é)\b[ :]*",
    re.IGNORECASE,
)
_GUESS = re.compile(
    r"\bbut[ ](?:I[ ](?:do[ ])?(?:think|believe|guess|suspect|would[ ](?:guess|say))[ ]"
    r"|(?:probably|perhaps|maybe|possibly|most[ ]likely)[ ]|(?=(?:it"
    r"|my)\b))(?:that[ ])?"
    r"|(?:(?<=[.!?][ \n])|^)(?P<next>(?:However|But|Still|Nevertheless|That[ ]said"
    r"|From[ ]my[^,.\n]{0,30}),?[ ]"
    r"(?=(?:I|it|my)\b)|(?=I[ ](?:would[ ])?(?:think|believe|guess|suspect)[ ]))",
    re.MULTILINE,
)
_HASHES = re.compile(r"####[ \t]*(?=[^\s#])")
_BOX = re.compile(r"\\f?boxe?d?\s{0,5}\{")
_TAG = re.compile(r"<(?:(?:final_?)?answer|ans)>|\[(?:final_?)?answer\]", re.IGNORECASE)
_CALL = re.compile(
    r"""(?:^|:)[ \t]*(?:(?:finish|final_?answer|submit(?:_answer)?|print(?=\((?:["']"""
    r"""|\d)))[ \t]?(?P<open>[\[(])"""
    r"""|(?:return|(?:final_)?answer[ \t]*=)[ \t](?=["']))[ \t]*""",
    re.IGNORECASE | re.MULTILINE,
)
_TABLE = re.compile(
    r"^(?P<before>(?:[^|\n]{0,200}\|){1,8})[ \t*]*(?:final[ ])?answer[ \t*]*\|[^\n]{0,200}"
    r"\n[ \t]*\|?[ \t]*:?-[ \t|:-]*\n",
    re.IGNORECASE | re.MULTILINE,
)
_JSON = re.compile(
    r"[\"'](?:(?:final[_ ]?|short[_ ]?)?answers?|final|result|response|output|solution|prediction)[\"']"
    r"[ \t]*:\s{0,20}",
    re.IGNORECASE,
)
_GROUPED_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+")
# At the start of a sentence or clause: "those that can actually fly" corrects nothing.
_CORRECTION = re.compile(
    r"(?:(?:(?<=[^\w\s][ \n])|(?<=[^\w\s])|^[ \t]*)(?:(?:oh|hm+|no|but|or|well)[,.!]?[ ])?"
    r"(?:wait|actually|correction|scratch[ ]that|hold[ ]on|on[ ]second[ ]thought|sorry"
    r"|no,[ ]wait|I[ ]meant?|make[ ]that)\b"
    r"|(?<=[?…–—-])[ ]?No,|(?<=\.{3})[ ]No,)[\s,.:;!—–-]{0,5}"
    r"(?:(?:no|wait|actually|correction|sorry|I[ ](?:was|am)[ ]wrong|that(?:['’]s|[ ]is"
    r"|[ ]was)[ ](?:wrong|not[ ]right|incorrect))"
    r"\b[\s,.:;!—–-]{0,5}){0,3}(?P<is>(?-i:[Ii]t(?:['’]s|[ ](?:is|was|should[ ]be|must[ ]be)))[ ](?!not\b))?",
    re.IGNORECASE | re.MULTILINE,
)
_FIRST_THOUGHT = re.compile(
    r"\b(?:going to say|thought|might (?:seem|think|say)|would have said"
    r"|(?:people|many|most|some|often|commonly|usually|widely)\b.{0,40}\b(?:think|believe|say|assume|believed|said|assumed|called))\b",
    re.IGNORECASE,
)
_POLITE_END = re.compile("(?:です|입니다)[。.\\s]*$")
_CONCLUSION = re.compile(
    r"(?:^|(?<=[.!?:][ \t]))[ \t]*"
    r"(?:(?P<so>so)|(?:and[ \t])?(?:therefore|thus|hence|consequently|in[ \t](?:conclusion|short|summary)"
    r"|to[ \t](?:sum[ \t]up|conclude)|overall|all[ \t]in[ \t]all))"
    r"\b(?![ \t](?:far|that|much|many)\b)[ \t]*[,:]?[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBER_FIRST = re.compile(r"[\s$€£*(\[~≈:−+–-]*\d")


@dataclass(frozen=True, slots=True)
class Candidate:
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
    marked: bool = True


def marked_answers(said: str) -> list[Candidate]:
    """Return what ``said`` marks as its answer, in its order; the last ones of each kind."""
    lowered = said.lower()
    if not any(map(lowered.__contains__, _WORDS_OF_MARKERS)):
        return []
    found = [
        Candidate(place.start(), text, marker.rule)
        for marker in _MARKERS
        if any(word in lowered for word in marker.words)
        for place in deque(marker.pattern.finditer(said), _MAX_MARKERS)
        if (text := marker.read(said, place)) is not None and has_words(text)
    ]
    return sorted(found, key=lambda one: one.position)


def concluded_answers(said: str) -> list[Candidate]:
    """Return what ``said`` concludes, in its order; the last ones."""
    return [
        Candidate(marker.start(), text, "so" if marker["so"] else "therefore", marked=False)
        for marker in deque(_CONCLUSION.finditer(said), _MAX_MARKERS)
        if has_words(text := first_line(said, marker.end()))
    ]


def first_line(text: str, start: int) -> str:
    """Return the first line with words from ``start`` on: an answer may stand below its label."""
    part = text[start : start + _MAX_CANDIDATE]
    return next((line for line in part.splitlines() if has_words(line)), "")


def _line_behind(said: str, marker: re.Match[str]) -> str:
    line = first_line(said, marker.end())
    return line if line.isascii() else _POLITE_END.sub("", line)


def _guess(said: str, marker: re.Match[str]) -> str | None:
    """Return what follows "but I think", if the sentence begins with a refusal, or a first thought."""
    before = said[max(0, marker.start() - 300) : marker.start()]
    begun = SENTENCE_END.split(before.rpartition("\n")[2])[-1]
    line = first_line(said, marker.end())
    if marker["next"] is not None:  # a sentence of its own, which may as well go on with the refusal
        return line if REFUSAL.search(before) and lead_in_removed(first_sentence(line)) else None
    return line if REFUSAL.search(begun) or _FIRST_THOUGHT.search(begun) else None


def _corrected(said: str, marker: re.Match[str]) -> str | None:
    """Return what a correction gives instead of what stands before it."""
    if not WORD.search(said, max(0, marker.start() - 200), marker.start()):
        return None
    line = first_line(said, marker.end())
    # "Actually, the town had another name then" corrects nothing.
    corrects = marker["is"] or (
        is_bare(first_sentence(line)) and said[marker.end() - 1 : marker.end()].isspace()
    )
    return line if corrects else None


def _behind_hashes(said: str, marker: re.Match[str]) -> str | None:
    line = first_line(said, marker.end())
    # With text below, it is a heading, unless it begins with a number.
    is_answer = _NUMBER_FIRST.match(line) or not WORD.search(said, marker.end() + len(line))
    return line if is_answer else None


def _in_box(said: str, marker: re.Match[str]) -> str | None:
    """Return the text up to the brace that closes the box; ``None`` without such a brace."""
    depth, start = 1, marker.end()
    for position in range(start, min(len(said), start + _MAX_CANDIDATE)):
        depth += {"{": 1, "}": -1}.get(said[position], 0)
        if depth == 0:
            return said[start:position]
    return None


def _in_call(said: str, marker: re.Match[str]) -> str | None:
    """Return the argument of ``Finish[…]`` or ``final_answer("…")``: all of its line to the last bracket."""
    line = said[marker.end() : marker.end() + _MAX_CANDIDATE].partition("\n")[0]
    if marker["open"]:
        line, closed, _ = line.rpartition({"[": "]", "(": ")"}[marker["open"]])
        if not closed:
            return None
    return re.sub(r"""^\w+\s*=\s*(?=["'])""", "", line).strip(" \"'")


def _in_table(said: str, marker: re.Match[str]) -> str | None:
    """Return the cell below the heading "Answer", of the last row of the table."""
    row = ""
    for line in said[marker.end() : marker.end() + _MAX_CANDIDATE].splitlines():
        if "|" not in line:
            break
        row = line
    cells = row.strip().strip("|").split("|")
    place = marker["before"].strip().strip("|").count("|") + (marker["before"].strip(" |") != "")
    return cells[place] if place < len(cells) else None


def _in_tag(said: str, marker: re.Match[str]) -> str:
    return re.split(r"</|\[/", said[marker.end() : marker.end() + _MAX_CANDIDATE], maxsplit=1)[0].strip()


def _in_json(said: str, marker: re.Match[str]) -> str | None:
    """Return the value behind the key, as text; of a list its only member."""
    grouped = _GROUPED_NUMBER.match(said, marker.end())
    if grouped:
        return grouped[0]
    try:
        value, _ = json.JSONDecoder().raw_decode(said[marker.end() : marker.end() + _MAX_CANDIDATE])
    except (ValueError, RecursionError):
        return first_line(said, marker.end()).strip("'\", {}")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str | int | float) else None


@dataclass(frozen=True, slots=True)
class _Marker:
    """A kind of marker.

    Attributes:
        rule: name of the rule.
        pattern: finds it.
        read: gives the text that it marks, if any.
        words: one of these is in each text that has it, in lower case; saves most searches.
    """

    rule: str
    pattern: re.Pattern[str]
    read: Callable[[str, re.Match[str]], str | None]
    words: tuple[str, ...]


_FOREIGN = _FOREIGN_WORDS[:6]
_MARKERS = (
    _Marker(
        "answer_label",
        _LABEL,
        _line_behind,
        ("answer", "response", "result", "reply", "conclusion", "a:", "ans", "tldr", "tl;dr", "guess")
        + _FOREIGN_WORDS,
    ),
    _Marker("answer_is", _ANSWER_IS, _line_behind, ("answer", "guess", "option", "choice", *_FOREIGN)),
    _Marker(
        "guess_after_refusal",
        _GUESS,
        _guess,
        (
            "but ",
            "however",
            "still",
            "nevertheless",
            "that said",
            "from my",
            "i think",
            "i believe",
            "i guess",
        )
        + ("i suspect", "i would "),
    ),
    _Marker("hashes", _HASHES, _behind_hashes, ("####",)),
    _Marker("boxed", _BOX, _in_box, ("\\box", "\\fbox")),
    _Marker(
        "answer_call",
        _CALL,
        _in_call,
        ("finish", "final_answer", "finalanswer", "submit", "print(", "return ", "answer =", "answer="),
    ),
    _Marker("answer_column", _TABLE, _in_table, ("answer |", "answer|", "* |")),
    _Marker("answer_tag", _TAG, _in_tag, ("answer>", "answer]", "<ans>")),
    _Marker(
        "json", _JSON, _in_json, ("answer", "final", "result", "response", "output", "solution", "prediction")
    ),
    _Marker(
        "correction",
        _CORRECTION,
        _corrected,
        (
            "wait",
            "actually",
            "correction",
            "scratch that",
            "hold on",
            "on second thought",
            "sorry",
            "i mean",
            "make that",
            "no,",
        ),
    ),
)
# Most answers hold none of them; one that stands within another need not be looked for.
_ALL_WORDS = {word for marker in _MARKERS for word in marker.words}
_WORDS_OF_MARKERS = tuple(
    word for word in _ALL_WORDS if not any(other in word for other in _ALL_WORDS - {word})
)

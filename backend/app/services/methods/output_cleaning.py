"""What of an output is the model's answer to the question: no thinking, no other turn, no markup.

Every pattern is tried on a bounded part of the output, so that no output takes long.
"""

import html
import re
from dataclasses import dataclass

from app.domain.thinking import THINKING_BEGINS, after_thinking
from app.services.methods.text_patterns import BOLD, WORD

MAX_READ = 16_000
"""Characters of an output that are read, at most: the first quarter, and the last three."""
_HEAD = MAX_READ // 4
_MOST_BOLD = 50

_OWN_TURN = re.compile(
    r"\s*(?:<\|start_header_id\|>assistant<\|end_header_id\|>|<\|im_start\|>assistant\b|<\|start\|>assistant"
    r"|<\|assistant\|>|<start_of_turn>model\b|<s>|<bos>|<\|begin_of_text\|>|(?i:assistant"
    r"|model)[ \t]*(?::|\n)|(?:AI|Bot):)\s*"
)
_END_TOKEN = re.compile(
    r"<\|\w{1,40}\|>|</s>|<s>|<e[ou][st](?:_id)?>|<end_of_turn>|<start_of_turn>|<｜[^｜\n]{1,40}｜>|\[/?INST\]"
)
_HIDDEN = re.compile("[\u200b-\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069]")
_TAGS = re.compile(
    r"</?(?:b|strong|i|em|u|p|br|span|code|mark|div|small|big|center|font|h[1-6]|ul|ol|li|final|output|result"
    r"|solution|response)(?:\s[^<>\n]{0,80})?/?>",
    re.IGNORECASE,
)
_STRUCK = re.compile(r"~~[^~\n]{1,500}~~")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#39|#x27);")
_QUESTION_LABEL = re.compile(r"\s*(?:question|q)\s*\d*\s*:", re.IGNORECASE)
_ECHO_END = re.compile(r"[^\w?:\n]*(?:[?:\n]|\Z)")
_NEXT_TURN = re.compile(
    r"^[ \t]*(?:question|q|user|human|#{1,4}[ \t]*(?:instruction|input|question|user|human"
    r"|problem)s?)[ \t]*\d*[ \t]*:|(?<=\s)(?-i:Question|Q)[ \t]*\d*[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class CleanedOutput:
    """What of an output may hold the answer.

    Attributes:
        text: without thinking, repeated question, later turns and markup of emphasis.
        repeated_question: the output began with the question.
        unfinished_thinking: it holds thinking only.
        shortened: the output was so long that its middle was left out.
        bold: what it sets in bold, without the marks.
        complete: something stood behind the text, so that it was not cut off at the token limit.
    """

    text: str
    repeated_question: bool = False
    unfinished_thinking: bool = False
    shortened: bool = False
    complete: bool = False
    bold: tuple[str, ...] = ()


def clean_output(output: str, question: str) -> CleanedOutput:
    """Return what of ``output`` may hold the answer to ``question``."""
    said = without_thinking(output)
    if said is None:
        return CleanedOutput("", unfinished_thinking=True)
    shortened = len(said) > MAX_READ
    if shortened:
        said = f"{said[:_HEAD]}\n{said[_HEAD - MAX_READ :]}"
    said = _HIDDEN.sub("", said)
    said, ended = _first_turn(said)
    said = _TAGS.sub("", _without_struck(said))
    bold: tuple[str, ...] = ()
    if "**" in said or "__" in said:
        bold = tuple(starred or lined for starred, lined in BOLD.findall(said)[:_MOST_BOLD])
        said = BOLD.sub(r"\1\2", said)
    rest = after_question(said, question[:MAX_READ])
    said = said if rest is None else rest
    if rest is not None and _QUESTION_LABEL.match(said):
        return CleanedOutput("", repeated_question=True, shortened=shortened)
    following = next((turn for turn in _NEXT_TURN.finditer(said) if WORD.search(said, 0, turn.start())), None)
    said = said[: following.start()] if following else said
    complete = ended or following is not None
    return CleanedOutput(said, rest is not None, shortened=shortened, complete=complete, bold=bold)


def without_thinking(output: str) -> str | None:
    """Return what follows the thinking; ``None`` if the output ended within it."""
    said = after_thinking(output)
    if said.startswith("analysis"):  # the same, where the server leaves out the marks of its channels
        said = said.partition("assistantfinal")[2] or said
    start = said[:MAX_READ].lstrip()
    begin = _OWN_TURN.match(start)
    start = start[begin.end() if begin else 0 :].lstrip()
    return None if start.startswith(THINKING_BEGINS) else said


def after_question(text: str, question: str) -> str | None:
    """Return what follows if ``text`` opens with the question, or with a line labelled as one."""
    label = _QUESTION_LABEL.match(text)
    position = label.end() if label else 0
    asked = None
    for asked in WORD.finditer(question):
        said = WORD.search(text, position)
        if said is None or said[0].lower() != asked[0].lower():
            break
        position = said.end()
    else:
        end = _ECHO_END.match(text, position)
        if asked and end:
            return text[end.end() :]
    # Not the question word for word; perhaps the model's own wording of it.
    return text.lstrip().partition("\n")[2] if label else None


def _without_struck(said: str) -> str:
    """Return a text without what is struck out, and with the signs that it writes as HTML entities."""
    if "~~" in said:
        rest = _STRUCK.sub("", said)
        said = rest if WORD.search(rest) else said
    return _ENTITY.sub(lambda found: html.unescape(found[0]), said) if "&" in said else said


def _first_turn(said: str) -> tuple[str, bool]:
    """Return the text up to the token that ends the model's turn, and whether there was one."""
    own = _OWN_TURN.match(said)
    said = said[own.end() :] if own else said
    parts = _END_TOKEN.split(said)
    for place, part in enumerate(parts, start=1):
        if WORD.search(part):
            return part, place < len(parts)
    return "", len(parts) > 1

"""Parsing the answer from an output that begins with it.

Parsing is part of a method and influences its scores, so each parsed answer names the rule that found it.
"""

import re

from app.domain.prediction import ParsedAnswer, ParseOutcome
from app.services.methods.text_patterns import (
    BOLD,
    DECORATION,
    MAX_ANSWER_WORDS,
    REFUSAL,
    REFUSAL_WITHIN,
    SENTENCE_END,
    WORD,
    WRAPPING,
    unwrap,
    words,
)

_NUMBERED = re.compile(r"\s*\d+[.)]\s+")
_QUESTION_LABEL = re.compile(r"\s*(?:question|q)\s*\d*\s*:", re.IGNORECASE)
_QUESTION_BEHIND_ANSWER = re.compile(r"\s(?:Question|Q)\s*\d*\s*:")
_ECHO_END = re.compile(r"[^\w?:\n]*(?:[?:\n]|\Z)")
_ANNOUNCEMENT = re.compile(
    r".*:\s*$|\s*(?:(?:final )?answer|sure|certainly|of course)[\s!.]*$", re.IGNORECASE
)
_LABEL = re.compile(r"\s*(?:(?:the |my )?(?:\w+ )?answer(?:\s+is)?|a)\s*:\s*", re.IGNORECASE)
# Case matters: titles ("It Is Well", "I Can't Get No Satisfaction") are capitalised, speech is not.
_LEAD_IN = re.compile(
    r"(?:.*?\b(?:[Tt]he|[Mm]y) (?:\w+ )?)?[Aa]nswer (?:to (?:the|this|your) question )?is:?\s+"
    r"|\s*(?:I (?:think|believe) (?:that )?(?:it is|it's|it was)|[Ii]t is)\s+"
)
_GUESS = re.compile(
    r"\bbut (?:I (?:think|believe|guess|would (?:guess|say)) |my (?:best )?guess is |(?=it(?: is| was|'s)\b))"
    r"(?:that )?(?:it (?:is|was) |it's )?"
)


def parse_short_answer(output: str, question: str) -> ParsedAnswer:
    """Parse the short answer at the start of an output.

    The answer is the first line with words, without reasoning in ``<think>`` tags, a repetition of
    the question, an announcement or label ("Here it is:", "Answer:"), a lead-in ("The answer is"),
    markdown, quotation marks and the final full stop. Further questions that the model invents are
    ignored.

    Args:
        output: what the model wrote.
        question: what it was asked.
    """
    said = output.rpartition("</think>")[2]
    if said.lstrip().startswith("<think>"):
        return ParsedAnswer(None, ParseOutcome.EMPTY, "unfinished_thinking")
    said = BOLD.sub(r"\1", DECORATION.sub("\n", said))
    rest = after_question(said, question)
    lines = [line for line in (said if rest is None else rest).splitlines() if words(line)]
    if not lines and rest is None:
        return ParsedAnswer(None, ParseOutcome.EMPTY, "no_words")
    if not lines or _QUESTION_LABEL.match(lines[0]):
        return ParsedAnswer(None, ParseOutcome.ECHO, "question_repeated")
    line, rule = _answer_line(lines, "first_line" if rest is None else "after_echo")
    if rest is not None and not words(line):
        return ParsedAnswer(None, ParseOutcome.ECHO, "question_repeated")
    return _read(line, rule)


def after_question(text: str, question: str) -> str | None:
    """Return what follows if ``text`` opens with the question, or with a line labelled as one."""
    label = _QUESTION_LABEL.match(text)
    asked = words(question)
    position = label.end() if label else 0
    for word in asked:
        said = WORD.search(text, position)
        if said is None or said[0].lower() != word:
            break
        position = said.end()
    else:
        end = _ECHO_END.match(text, position)
        if asked and end:
            return text[end.end() :]
    # Not the question word for word; perhaps the model's own wording of it.
    return text.lstrip().partition("\n")[2] if label else None


def _answer_line(lines: list[str], rule: str) -> tuple[str, str]:
    """Return the line that holds the answer, without its label, and the rule that chose it."""
    numbered = sum(_NUMBERED.match(line) is not None for line in lines) > 1
    line = lines[0]
    for following in lines[1:]:
        if not _ANNOUNCEMENT.match(line) or _QUESTION_LABEL.match(following):
            break
        line, rule = following, "line_after_label"
    line = _QUESTION_BEHIND_ANSWER.split(line)[0]
    if numbered:
        line = _NUMBERED.sub("", line, count=1)
    label = _LABEL.match(line)
    return (line[label.end() :], "after_label") if label else (line, rule)


def _read(line: str, rule: str) -> ParsedAnswer:
    """Parse the answer from its line, which may hold a refusal instead."""
    line = " ".join(line.split())
    refusal = REFUSAL.search(SENTENCE_END.split(line.strip(WRAPPING))[0][:REFUSAL_WITHIN])
    guess = _GUESS.search(line, refusal.end()) if refusal else None
    if refusal and not guess:
        return ParsedAnswer(None, ParseOutcome.REFUSAL, "refusal_phrase")
    lead_in = _LEAD_IN.match(line)
    if guess:
        line, rule = line[guess.end() :], "guess_after_refusal"
    elif lead_in:
        line, rule = line[lead_in.end() :], "after_lead_in"
    count = len(words(line))
    if not count:
        return ParsedAnswer(None, ParseOutcome.EMPTY, "no_words")
    if count > MAX_ANSWER_WORDS:
        sentence = next(part for part in SENTENCE_END.split(line) if words(part))
        return ParsedAnswer(unwrap(sentence), ParseOutcome.TOO_LONG, "first_sentence")
    return ParsedAnswer(unwrap(line), ParseOutcome.ANSWERED, rule)

"""Reading the answer in a model's output: one reader for all methods.

What an output says does not depend on the method that asked for it, so naive prompting, chain of thought,
RAG and the agent all call ``extract_answer``. It looks for the answer in this order:

1. what is marked as the answer (see ``answer_candidates``), the last one;
2. a first line or sentence that is an answer and nothing else;
3. what is concluded ("Therefore, …", "So …"), the last one;
4. "It is …" at the start, a last line that is an answer and nothing else, and then the sentence that is
   closest to the question: the first or the last.

Of an output that was cut off at its token limit only what is complete counts: a marked answer, or a first
sentence that repeats at least half of the question's words and is no reasoning. Where an output gives a
range, or several numbers of which none is the answer, the outcome is *unsure*, and there is no answer. Each
parsed answer names the rule that found it. No output raises an error, and only a bounded part of it is read.
"""

import re
from dataclasses import replace

from app.domain.generation import GenerationResult
from app.domain.prediction import ParsedAnswer, ParseOutcome
from app.domain.scoring import ScoringRule
from app.services.methods.answer_candidates import (
    Candidate,
    concluded_answers,
    marked_answers,
)
from app.services.methods.number_reading import has_number, has_number_words, number_alone, read_number
from app.services.methods.output_cleaning import CleanedOutput, clean_output
from app.services.methods.question_reading import stated_answer, yes_or_no
from app.services.methods.text_patterns import (
    MAX_ANSWER_WORDS,
    NO_ANSWER,
    REFUSAL,
    REFUSAL_WITHIN,
    WRAPPING,
    has_words,
    sentences,
    unwrap,
    words,
)
from app.services.methods.text_reading import (
    asked_as_answer,
    first_sentence,
    is_bare,
    is_prose,
    lead_in_removed,
    plain,
    read_text,
    trimmed,
    without_list_numbers,
    without_remarks,
    without_reservation,
)

_MAX_ANSWER = 1_000  # characters
_ANNOUNCEMENT = re.compile(
    r".{0,200}:\s*$|\s*(?:(?:final )?answer|sure|certainly|of course|okay|ok|well|hmm+|alright|great|got it"
    r"|let(?:'s|’s| us| me)\b[^.!:\n]{0,60}|thinking|great question|good question"
    r"|thank you[^.!\n]{0,40})[\s!.,…]*$",
    re.IGNORECASE,
)
_ONE_WORD = re.compile(r"(?:[A-Z][a-zA-Z0-9]{0,40}|[1-9][0-9]{0,8})\.?")
_ANNOUNCING = frozenset({"the", "my", "final", "short", "correct", "so", "answer", "it", "is", "a"})
_NOT_PLAIN = _ANNOUNCING | {"sorry", "yeah", "yep", "nope", "na", "none", "null", "undefined", "unknown"}
_NOT_PLAIN |= {"unclear", "undetermined", "unanswerable"}
_REASONING = re.compile(
    r"\b(?:the question|we|let(?:['’]s| us| me)|step \d)\b|^(?:first|to|in order to|given|since|if)\b",
    re.IGNORECASE,
)
_ELABORATION = re.compile(r"(?:He|She|It|They|This|These|Its|His|Her|Their|The)\b")


def read_answer(result: GenerationResult, question: str, rule: ScoringRule) -> ParsedAnswer:
    """Return the answer in what a model gave for ``question``, for a dataset scored by ``rule``."""
    if result.cut_off_thinking:
        return ParsedAnswer(None, ParseOutcome.CUT_OFF_THINKING, "unfinished_thinking")
    return extract_answer(result.text, question, numeric=rule == "gsm8k", cut_off=result.cut_off)


def extract_answer(
    output: str, question: str = "", *, numeric: bool = False, cut_off: bool = False
) -> ParsedAnswer:
    """Return the answer in an output, as a person would read it; see the module's docstring.

    Thinking, a repetition of the question, and further questions that the model invents (with their
    answers) are ignored.

    Args:
        output: what the model wrote.
        question: what it was asked.
        numeric: the answer is a number: it alone is returned, as digits, without currency,
            separators of thousands, unit, or a fraction of zeros.
        cut_off: the output ended at its token limit.
    """
    if _ONE_WORD.fullmatch(output) and (word := _one_word(output, question, numeric=numeric)):
        return ParsedAnswer(word, ParseOutcome.ANSWERED, "first_line")
    cleaned = clean_output(output, question)
    if cleaned.unfinished_thinking:
        outcome = ParseOutcome.CUT_OFF if cut_off else ParseOutcome.EMPTY
        return ParsedAnswer(None, outcome, "unfinished_thinking")
    reader = _Reader(cleaned, question, numeric=numeric, cut_off=cut_off and not cleaned.complete)
    parsed = reader.read()
    return replace(parsed, rule=f"{parsed.rule} (middle not read)") if cleaned.shortened else parsed


class _Reader:
    """Reads one output."""

    def __init__(self, cleaned: CleanedOutput, question: str, *, numeric: bool, cut_off: bool) -> None:
        self._said = cleaned.text
        self._repeated = cleaned.repeated_question
        self._question = question
        self._numeric = numeric
        self._cut_off = cut_off
        self._bold = cleaned.bold
        self._kept = ""  # a sentence that is known to be no refusal
        self._texts: dict[str, str] = {}

    def read(self) -> ParsedAnswer:
        """Return the answer of the best tier that has one."""
        marked = self._best(marked_answers(self._said))
        if marked:
            return self._of(marked)
        if _only_announces(self._said):
            return self._nothing()
        lines = self._lines()
        if not lines:
            return self._nothing()
        alone = self._answer_alone(lines)
        if alone:
            return alone
        if self._cut_off:
            return self._statement(lines) or ParsedAnswer(None, ParseOutcome.CUT_OFF, "no_marked_answer")
        concluded = self._best(concluded_answers(self._said))
        if concluded and not (concluded.rule == "so" and self._goes_on_computing(concluded)):
            return self._of(concluded)
        return self._unmarked(lines)

    def _goes_on_computing(self, found: Candidate) -> bool:
        """Return whether equations follow a "So": it was one step of several."""
        lines = self._said[found.position :].splitlines()
        behind = [one for line in lines for one in sentences(plain(line))][1:]
        return self._numeric and any("=" in one and has_number(one) for one in behind)

    def _best(self, candidates: list[Candidate]) -> Candidate | None:
        """Return the last candidate; where a number is wanted, the last with a number if any."""
        if self._numeric:
            with_number = [one for one in candidates if has_number(plain(one.text))]
            candidates = with_number or candidates
        return candidates[-1] if candidates else None

    def _nothing(self) -> ParsedAnswer:
        if self._repeated:
            return ParsedAnswer(None, ParseOutcome.ECHO, "question_repeated")
        if self._cut_off:
            rule = "no_marked_answer" if has_words(self._said) else "no_words"
            return ParsedAnswer(None, ParseOutcome.CUT_OFF, rule)
        return ParsedAnswer(None, ParseOutcome.EMPTY, "no_words")

    def _lines(self) -> list[str]:
        """Return the lines with words, on which the answer may stand: without announcements before it."""
        plain_lines = [line for line in map(plain, self._said.splitlines()) if has_words(line)]
        lines = [line for line in without_list_numbers(plain_lines) if has_words(line)]
        while len(lines) > 1 and _ANNOUNCEMENT.match(lines[0]):
            lines = lines[1:]
        return without_remarks(lines)

    def _answer_alone(self, lines: list[str]) -> ParsedAnswer | None:
        """Return the answer if the first line, or the first sentence of it, is one and nothing else."""
        rule = "after_echo" if self._repeated else "first_line"
        if self._numeric:
            return self._number_alone(lines, rule)
        line = lines[0]
        parts = sentences(line)
        greeted = len(parts) > 1 and _ANNOUNCEMENT.match(parts[0]) is not None
        first = without_reservation(parts[1] if greeted else parts[0])[:_MAX_ANSWER]
        if self._refuses(first):
            return ParsedAnswer(None, ParseOutcome.REFUSAL, "refusal_phrase")
        self._kept = first
        said = yes_or_no(first, self._question)
        if said:
            return ParsedAnswer(said, ParseOutcome.ANSWERED, rule)
        asked_back = asked_as_answer(line) if len(lines) == 1 and not greeted else None
        if asked_back:
            return ParsedAnswer(unwrap(asked_back), ParseOutcome.ANSWERED, rule)
        answer = self._text(first)
        if len(words(line)) > MAX_ANSWER_WORDS or not is_bare(answer) or first.endswith(("?", ":")):
            return None
        if is_prose(first) and len(lines) > 1 and is_bare(lines[-1]) and not is_prose(lines[-1]):
            return None
        found = "after_lead_in" if lead_in_removed(first) else rule
        return ParsedAnswer(answer, ParseOutcome.ANSWERED, found)

    def _statement(self, lines: list[str]) -> ParsedAnswer | None:
        """Return the first sentence of an output that was cut off later, if it states what was asked."""
        parts = sentences(lines[0])
        first = parts[0]
        complete = len(parts) > 1 or len(lines) > 1 or first.endswith((".", "!"))
        if self._numeric or not complete or _REASONING.search(first) or first.endswith(("?", ":")):
            return None
        asked = set(words(self._question))
        repeated = asked.intersection(words(first))
        return self._answered(first, "first_sentence") if len(asked) <= 2 * len(repeated) > 0 else None

    def _number_alone(self, lines: list[str], rule: str) -> ParsedAnswer | None:
        first = first_sentence(lines[0])
        if not number_alone(first):
            return None
        # "April: 5" below a number explains it, where the number itself has no such label.
        labelled = ":" in first
        behind = [*sentences(lines[0])[1:], *lines[1:]] if labelled else lines[1:]
        if not self._ends_paragraph(first) and any(
            number_alone(line) and (labelled or ":" not in line) for line in behind
        ):
            return None
        number, unsure = read_number(first, marked=True)
        if number is None:
            return ParsedAnswer(None, ParseOutcome.UNSURE, unsure)
        return ParsedAnswer(number, ParseOutcome.ANSWERED, rule)

    def _ends_paragraph(self, first: str) -> bool:
        """Return whether an unlabelled first line stands above an empty line or a rule."""
        _, _, below = self._said.strip().partition("\n")
        return ":" not in first and not has_words(below.partition("\n")[0])

    def _text(self, sentence: str) -> str:
        """Return the answer in a sentence; the tiers ask for the same ones again."""
        if sentence not in self._texts:
            self._texts[sentence] = read_text(sentence, self._question)
        return self._texts[sentence]

    def _refuses(self, sentence: str) -> bool:
        if sentence == self._kept:
            return False
        inner = sentence.strip(WRAPPING)
        return bool(REFUSAL.search(inner[:REFUSAL_WITHIN]) or NO_ANSWER.fullmatch(unwrap(inner)))

    def _of(self, found: Candidate) -> ParsedAnswer:
        """Return the answer that a candidate gives."""
        sentence = without_reservation(plain(first_sentence(plain(found.text)))[:_MAX_ANSWER])
        if self._refuses(sentence):
            return ParsedAnswer(None, ParseOutcome.REFUSAL, "refusal_phrase")
        if self._numeric:
            number, unsure = read_number(sentence, marked=found.marked)
            if number is not None:
                return ParsedAnswer(number, ParseOutcome.ANSWERED, found.rule)
            bold = self._in_bold(sentence)
            if bold is not None:
                return ParsedAnswer(bold, ParseOutcome.ANSWERED, "in_bold")
            if unsure:
                return ParsedAnswer(None, ParseOutcome.UNSURE, unsure)
        return self._answered(sentence, found.rule)

    def _in_bold(self, sentence: str) -> str | None:
        """Return the only number of a sentence in bold, where nothing else tells which is meant."""
        bold = [text for text in self._bold if text in sentence and has_number(text)]
        return read_number(bold[0], marked=True)[0] if len(bold) == 1 else None

    def _answered(self, sentence: str, rule: str) -> ParsedAnswer:
        said = yes_or_no(sentence, self._question)
        if said:
            return ParsedAnswer(said, ParseOutcome.ANSWERED, rule)
        answer = self._text(sentence)
        if not is_bare(answer):
            answer = unwrap(stated_answer(trimmed(answer), self._question) or answer)
        if not has_words(answer):
            return ParsedAnswer(None, ParseOutcome.EMPTY, "no_words")
        too_long = len(words(answer)) > MAX_ANSWER_WORDS
        return ParsedAnswer(answer, ParseOutcome.TOO_LONG if too_long else ParseOutcome.ANSWERED, rule)

    def _unmarked(self, lines: list[str]) -> ParsedAnswer:
        """Return the answer of an output that neither marks nor concludes one."""
        said = without_remarks([part for line in lines for part in sentences(line)])
        with_number = said
        if self._numeric:
            with_number = [part for part in said if has_number(part)] or [
                part for part in said if has_number_words(part)
            ]
        refused = any(self._refuses(one) for one in dict.fromkeys((said[0], said[-1])))
        if refused and not (self._numeric and with_number):
            return ParsedAnswer(None, ParseOutcome.REFUSAL, "refusal_phrase")
        if not with_number or with_number[-1].endswith(("?", ":")):
            return ParsedAnswer(None, ParseOutcome.NO_ANSWER, "no_conclusion")
        if self._numeric:
            bold = [text for text in self._bold if number_alone(text)]
            if len(bold) == 1:
                return self._of(Candidate(0, bold[0], "in_bold"))
            return self._of(Candidate(0, with_number[-1], "last_sentence", marked=False))
        if len(words(lines[0])) > MAX_ANSWER_WORDS:
            answer = read_text(said[0], self._question)[:_MAX_ANSWER]
            return ParsedAnswer(answer, ParseOutcome.TOO_LONG, "first_sentence")
        chosen, rule = self._closest(lines, said)
        return self._answered(chosen[:_MAX_ANSWER], rule)

    def _closest(self, lines: list[str], said: list[str]) -> tuple[str, str]:
        """Return the sentence that answers the question: the first or the last, and the rule for it."""
        if len(said) == 1:
            return said[0], "after_echo" if self._repeated else "first_line"
        if len(lines) > 1 and is_bare(read_text(lines[-1], self._question)):
            return lines[-1], "last_line"
        asked = set(words(self._question))
        shared = [len(asked.intersection(words(one))) for one in (said[0], said[-1])]
        denies = " not " in said[0]  # "It is not Lyon. It is Paris."
        elaborates = not denies and all(_ELABORATION.match(one) for one in said[1:])
        if shared[0] > shared[1] or (shared[0] == shared[1] and elaborates):
            return said[0], "first_sentence"
        return said[-1], "last_sentence"


def _one_word(output: str, question: str, *, numeric: bool) -> str | None:
    """Return the answer where an output is one word or number: the most frequent case, so a fast one.

    ``None``: the word is no answer, or is the question; the rules have to be asked.
    """
    word = output.rstrip(".")
    if numeric and not word.isdigit():
        return None
    lowered = word.lower()
    return None if lowered in _NOT_PLAIN or question[: len(word)].lower() == lowered else word


def _only_announces(said: str) -> bool:
    """Return whether a text has no words, or only those before an answer that does not come."""
    if len(said) >= 100:
        return not has_words(said)
    found = words(said)
    return not found or (found[-1] in {"answer", "is"} and _ANNOUNCING.issuperset(found))

"""Scorers of an answer's text against the accepted answers, as the datasets' official scripts do it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.prediction import ParsedAnswer, ScoredSample
from app.domain.scoring import Score, ScoreDescription, ScoringRule
from app.services.evaluation.normalise import (
    gsm8k_flexible,
    gsm8k_official,
    gsm8k_strict,
    is_rounded,
    normalise,
    normalised_answers,
)
from app.services.evaluation.scorers.base import Applies, RegisteredScorer, always, without_resources

GROUP = "answer"
_CLOSED_ANSWERS = frozenset({"yes", "no", "noanswer"})

TextScore = Callable[[str, tuple[str, ...], ScoringRule], tuple[float, str]]
"""From the text, the accepted answers and the scoring rule to a value in [0, 1] and the reason for it."""


@dataclass(frozen=True, slots=True)
class TextScorer:
    """Scores the parsed answer, or the whole output, by a plain function.

    No answer is a 0 with the parser's outcome as the reason, as the official scripts have it.

    Attributes:
        name: of its score.
        score: see ``TextScore``.
        whole_output: give ``score`` the whole output: for rules that look for the answer themselves.
    """

    name: str
    score: TextScore
    whole_output: bool = False

    async def __call__(self, sample: ScoredSample) -> tuple[Score]:
        """See ``Scorer``."""
        prediction = sample.prediction
        return (self.judge(prediction.output, prediction.answer, sample.example.answers, sample.rule),)

    def judge(self, output: str, answer: ParsedAnswer, answers: Sequence[str], rule: ScoringRule) -> Score:
        """Return the score of an answer that was read from ``output``, against accepted ``answers``."""
        text = output if self.whole_output else answer.text
        if text is None:
            return Score(self.name, 0.0, f"no answer ({answer.outcome})")
        value, reason = self.score(text, tuple(answers), rule)
        return Score(self.name, value, _shortened(reason))


_ENDS = 200
"""Characters of a long reason that are kept at either end."""


def _shortened(reason: str) -> str:
    """Return a reason without the middle of the long text that it quotes; the text is stored as it is."""
    if len(reason) <= 2 * _ENDS:
        return reason
    return f"{reason[:_ENDS]} … {reason[-_ENDS:]}"


def text_scorer(
    description: ScoreDescription,
    score: TextScore,
    *,
    whole_output: bool = False,
    applies: Applies | None = always,
) -> RegisteredScorer:
    """Return the registration of a scorer of text; see ``TextScorer``."""
    scorer = TextScorer(description.name, score, whole_output)
    return without_resources(description.name, scorer, description, applies=applies)


def exact_match(text: str, answers: tuple[str, ...], rule: ScoringRule) -> tuple[float, str]:
    """Return 1 if the normalised text equals a normalised accepted answer, else 0.

    Two texts of which nothing is left ("The", "A") are equal, as in the official scripts; the import
    names such accepted answers.
    """
    given = normalise(text, rule)
    accepted = normalised_answers(answers, rule)
    if _is_accepted(given, accepted, rule):
        return 1.0, f"“{given}” is an accepted answer"
    return 0.0, f"“{given}” is no accepted answer"


def _is_accepted(given: str, accepted: tuple[str, ...], rule: ScoringRule) -> bool:
    return given in accepted or (rule == "gsm8k" and any(is_rounded(given, answer) for answer in accepted))


def contains(text: str, answers: tuple[str, ...], rule: ScoringRule) -> tuple[float, str]:
    """Return 1 if the normalised text holds a normalised accepted answer as whole words, else 0."""
    given = f" {normalise(text, rule)} "
    for answer in normalised_answers(answers, rule):
        if answer and f" {answer} " in given:
            return 1.0, f"contains “{answer}”"
    return 0.0, "contains no accepted answer"


def f1(text: str, answers: tuple[str, ...], rule: ScoringRule) -> tuple[float, str]:
    """Return the F1 of the words shared with the closest accepted answer; 0 where there are no words."""
    given = normalise(text, rule)
    if not given:
        return 0.0, "no word is left once normalised"
    best, best_answer = 0.0, ""
    for answer in normalised_answers(answers, rule):
        if rule == "gsm8k" and is_rounded(given, answer):
            return 1.0, f"the same number as “{answer}”"
        value = _token_f1(given, answer, closed=rule == "hotpotqa")
        if value > best:
            best, best_answer = value, answer
    if best == 0.0:
        return 0.0, "shares no word with an accepted answer"
    return best, f"closest to “{best_answer}”"


def _token_f1(given: str, answer: str, *, closed: bool) -> float:
    if given == answer:
        return 1.0
    # HotpotQA's script gives no credit for words shared with "yes", "no" or "noanswer".
    if closed and (given in _CLOSED_ANSWERS or answer in _CLOSED_ANSWERS):
        return 0.0
    given_words, answer_words = given.split(), answer.split()
    common = (Counter(given_words) & Counter(answer_words)).total()
    if common == 0:
        return 0.0
    precision, recall = common / len(given_words), common / len(answer_words)
    return 2 * precision * recall / (precision + recall)


def number_strict(text: str, answers: tuple[str, ...], _rule: ScoringRule) -> tuple[float, str]:
    """Return 1 if the number after ``####`` is an accepted one, else 0."""
    return _same_number(gsm8k_strict(text), answers, "no number after ####")


def number_flexible(text: str, answers: tuple[str, ...], _rule: ScoringRule) -> tuple[float, str]:
    """Return 1 if the last number of the text is an accepted one, else 0."""
    return _same_number(gsm8k_flexible(text), answers, "no number")


def number_official(text: str, answers: tuple[str, ...], _rule: ScoringRule) -> tuple[float, str]:
    """Return 1 if the number after ``####`` is written as an accepted one, else 0: GSM8K's own rule."""
    number = gsm8k_strict(text)
    if number is None:
        return 0.0, "no number after ####"
    same = number in {gsm8k_official(answer) for answer in answers}
    return float(same), f"{number} is {'an' if same else 'no'} accepted text"


def _same_number(number: str | None, answers: tuple[str, ...], missing: str) -> tuple[float, str]:
    if number is None:
        return 0.0, missing
    if _is_accepted(normalise(number, "gsm8k"), normalised_answers(answers, "gsm8k"), "gsm8k"):
        return 1.0, f"{number} is right"
    return 0.0, f"{number} is wrong"


def _asks_for_numbers(_config: object, rule: ScoringRule) -> bool:
    return rule == "gsm8k"


@dataclass(frozen=True, slots=True)
class _Kind:
    """A scorer of text: its score, how it is computed, and whether it is for answers that are numbers."""

    description: ScoreDescription
    score: TextScore
    whole_output: bool = False
    for_numbers: bool = False

    @property
    def scorer(self) -> TextScorer:
        return TextScorer(self.description.name, self.score, self.whole_output)

    def registered(self) -> RegisteredScorer:
        applies = _asks_for_numbers if self.for_numbers else always
        return text_scorer(self.description, self.score, whole_output=self.whole_output, applies=applies)


_EXACT_MATCH = _Kind(
    ScoreDescription(
        "exact_match", 3, "binary", GROUP, "Exact match", "The answer equals an accepted one once normalised."
    ),
    exact_match,
)
_CONTAINS = _Kind(
    ScoreDescription(
        "contains", 3, "binary", GROUP, "Contains", "The answer contains an accepted one as whole words."
    ),
    contains,
)
_F1 = _Kind(
    ScoreDescription(
        "f1", 3, "graded", GROUP, "F1", "Overlap of words with the closest accepted answer, as F1."
    ),
    f1,
)
_NUMBER_STRICT = _Kind(
    ScoreDescription(
        "number_strict", 2, "binary", GROUP, "Number strict", "The number after #### is an accepted one."
    ),
    number_strict,
    whole_output=True,
    for_numbers=True,
)
_NUMBER_FLEXIBLE = _Kind(
    ScoreDescription(
        "number_flexible", 2, "binary", GROUP, "Number flexible", "The last number is an accepted one."
    ),
    number_flexible,
    whole_output=True,
    for_numbers=True,
)
_NUMBER_OFFICIAL = _Kind(
    ScoreDescription(
        "number_official",
        1,
        "binary",
        GROUP,
        "Number official",
        "As GSM8K's authors compare: the text of the number after ####, not its value.",
    ),
    number_official,
    whole_output=True,
    for_numbers=True,
)
_KINDS = (_EXACT_MATCH, _CONTAINS, _F1, _NUMBER_STRICT, _NUMBER_FLEXIBLE, _NUMBER_OFFICIAL)
EXACT_MATCH = _EXACT_MATCH.registered()
CONTAINS = _CONTAINS.registered()
F1 = _F1.registered()
NUMBER_STRICT = _NUMBER_STRICT.registered()
NUMBER_FLEXIBLE = _NUMBER_FLEXIBLE.registered()
NUMBER_OFFICIAL = _NUMBER_OFFICIAL.registered()


def text_scorers_of(rule: ScoringRule) -> list[tuple[ScoreDescription, TextScorer]]:
    """Return the scorers of text that apply to each experiment on a dataset with this rule."""
    numbers = _asks_for_numbers(None, rule)
    return [(kind.description, kind.scorer) for kind in _KINDS if numbers or not kind.for_numbers]

"""How answers are scored: a dataset's rule, what a score is called, and its value for one answer."""

from dataclasses import dataclass
from typing import Literal, get_args

ScoringRule = Literal["triviaqa", "squad", "hotpotqa", "gsm8k", "multilingual"]
"""How a dataset's answers are compared: by the official rules of a dataset, or those for any language."""
SCORING_RULES: tuple[ScoringRule, ...] = get_args(ScoringRule)

ScoreKind = Literal["binary", "graded"]
"""``binary`` scores are 0 or 1 (a share, Wilson interval); ``graded`` ones lie in [0, 1]."""

DEFAULT_MARGIN = 0.02
"""The largest difference of a score that does not matter, unless the user says another one: two points."""
ScoreFamily = Literal["score", "page"]
"""What the comparisons of scores allow for: the others of the same score, or those of all scores shown."""


def scoring_rule(value: str) -> ScoringRule:
    """Return ``value`` as a scoring rule.

    Raises:
        ValueError: if there is no such rule.
    """
    for rule in SCORING_RULES:
        if rule == value:
            return rule
    raise ValueError(f"there is no scoring rule {value!r}; there are {', '.join(SCORING_RULES)}")


@dataclass(frozen=True, slots=True)
class ScoreDescription:
    """What a score is, for whoever computes or shows it. Higher values are better, for all scores.

    Attributes:
        name: the key in stored results and in the API.
        version: raised whenever the score could change for any input; only results of equal versions
            may be compared.
        group: what it is about; scores of a group are shown together.
        label: the name that people see.
        help: one sentence on what it measures.
    """

    name: str
    version: int
    kind: ScoreKind
    group: str
    label: str
    help: str


@dataclass(frozen=True, slots=True)
class Score:
    """A score in [0, 1], or *unscored* (``value is None``) with the reason why."""

    name: str
    value: float | None
    reason: str = ""

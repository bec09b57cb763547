"""How often a judge of faithfulness is right, on answers that people have labelled.

A judge is compared with a baseline without a model on the same answers: word overlap, the share of the
answer's words that its texts hold. A judge that is not better than that says nothing that counting words
would not say, and no claim rests on it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.metrics import Estimate
from app.services.evaluation.judges.base import THRESHOLD, Claim
from app.services.evaluation.statistics.agreement import cohens_kappa
from app.services.evaluation.statistics.means import share
from app.services.evaluation.statistics.paired import paired_difference
from app.services.evaluation.statistics.resampling import TooFewUnits

_ALPHA = 0.05
_WORD = re.compile(r"\w+")
_ARTICLES = {"a", "an", "the"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A claim, and whether it is faithful to its texts."""

    claim: Claim
    faithful: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often scores were on the right side of ``THRESHOLD``. Unfaithful answers are the positives.

    Attributes:
        accuracy: share on the right side.
        precision: of those called unfaithful, the share that is; ``None`` if none was called so.
        sensitivity: of the unfaithful ones, the share that was found; ``None`` if there are none.
        specificity: of the faithful ones, the share that was called faithful; ``None`` if there are none.
        kappa: Cohen's; ``None`` if it is undefined.
        auc: probability that a faithful answer has a higher score than an unfaithful one.
    """

    accuracy: Estimate | None
    precision: Estimate | None
    sensitivity: Estimate | None
    specificity: Estimate | None
    kappa: Estimate | None
    auc: float | None


@dataclass(frozen=True, slots=True)
class Gain:
    """Accuracy of a judge minus that of word overlap on the same answers.

    Attributes:
        difference: in [−1, 1].
        low: lower bound of its 95 % interval.
        high: upper bound.
        p: two-sided.
        test: ``mcnemar``, or a sign-flip test where several answers are to one question.
    """

    difference: float
    low: float
    high: float
    p: float
    test: str


@dataclass(frozen=True, slots=True)
class Validation:
    """How often a judge was right, and word overlap on the same answers.

    Attributes:
        n: labelled answers that the judge gave a number for.
        unscored: those that it gave no number for.
        judge: of its numbers.
        overlap: of the baseline.
        gain: of the judge over the baseline; ``None`` if there is too little to compare.
        commonest: share of the commoner label: the accuracy of calling every answer the same.
    """

    n: int
    unscored: int
    judge: Agreement
    overlap: Agreement
    gain: Gain | None
    commonest: float

    @property
    def beats_overlap(self) -> bool:
        """Whether it is more often right than word overlap (p < .05), also without a threshold (AUC)."""
        gain, auc, baseline = self.gain, self.judge.auc, self.overlap.auc
        if gain is None or auc is None or baseline is None:
            return False
        return gain.difference > 0 and gain.p < _ALPHA and auc > baseline

    @property
    def usable(self) -> bool:
        """Whether a claim may rest on the judge.

        It beats word overlap, agrees with the labels beyond chance (κ > 0), and is more often right than
        calling every answer what most are: where most answers have one label, a judge can beat word overlap
        without telling them apart.
        """
        accuracy, kappa = self.judge.accuracy, self.judge.kappa
        if accuracy is None or kappa is None:
            return False
        return self.beats_overlap and kappa.low > 0 and accuracy.value > self.commonest


def summarise(rows: Sequence[Labelled], values: Sequence[float | None]) -> Validation:
    """Return how well the judge's values separate faithful answers from unfaithful ones."""
    judged = [(row, value) for row, value in zip(rows, values, strict=True) if value is not None]
    faithful = np.array([row.faithful for row, _ in judged], dtype=bool)
    scores = np.array([value for _, value in judged], dtype=float)
    overlaps = np.array([overlap(row.claim) for row, _ in judged], dtype=float)
    questions = [row.claim.question for row, _ in judged]
    return Validation(
        n=len(judged),
        unscored=len(rows) - len(judged),
        judge=_agreement(scores, faithful, questions),
        overlap=_agreement(overlaps, faithful, questions),
        gain=_gain(scores, overlaps, faithful, questions),
        commonest=max(float(faithful.mean()), float((~faithful).mean())) if faithful.size else 0.0,
    )


def _agreement(scores: np.ndarray, faithful: np.ndarray, questions: Sequence[str]) -> Agreement:
    called = scores < THRESHOLD
    return Agreement(
        accuracy=_share(called != faithful, questions),
        precision=_share(~faithful, questions, called),
        sensitivity=_share(called, questions, ~faithful),
        specificity=_share(~called, questions, faithful),
        kappa=cohens_kappa(~called, faithful, questions),
        auc=auc(scores, faithful),
    )


def _share(hits: np.ndarray, questions: Sequence[str], among: np.ndarray | None = None) -> Estimate | None:
    chosen = np.flatnonzero(np.ones(hits.size, dtype=bool) if among is None else among)
    if not chosen.size:
        return None
    return share(hits[chosen].astype(float).tolist(), [questions[place] for place in chosen.tolist()])


def _gain(
    scores: np.ndarray, overlaps: np.ndarray, faithful: np.ndarray, questions: Sequence[str]
) -> Gain | None:
    if not faithful.size:
        return None
    right, baseline = ((one >= THRESHOLD) == faithful for one in (scores, overlaps))
    try:
        found = paired_difference(
            baseline.astype(float), right.astype(float), np.array(questions, dtype=object), seed=0
        )
    except TooFewUnits:
        return None
    return Gain(found.difference, found.low, found.high, found.p, found.test)


def auc(scores: np.ndarray, faithful: np.ndarray) -> float | None:
    """Return the area under the ROC curve; ``None`` if there is only one class."""
    if faithful.all() or not faithful.any():
        return None
    from sklearn.metrics import roc_auc_score  # here, since it takes a second to import

    return float(roc_auc_score(faithful, scores))


def overlap(claim: Claim) -> float:
    """Return the share of the answer's words that the texts hold, without case, punctuation and articles."""
    words, known = _words(claim.answer), set(_words(" ".join(claim.texts)))
    return sum(word in known for word in words) / len(words) if words else 0.0


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if word not in _ARTICLES]

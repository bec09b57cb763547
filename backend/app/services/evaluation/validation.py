"""How good a judge of faithfulness is, on answers that people have labelled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.services.evaluation.faithfulness import THRESHOLD, Claim
from app.services.evaluation.statistics.intervals import Interval, wilson


@dataclass(frozen=True, slots=True)
class Labelled:
    """A claim, and whether it is faithful to its texts."""

    claim: Claim
    faithful: bool


@dataclass(frozen=True, slots=True)
class Validation:
    """How a judge did. *Positive* is what it is there to find: an unfaithful answer.

    Attributes:
        n: labelled answers that the judge gave a number for.
        unscored: those that it gave none for.
        accuracy: share that it put on the right side of one half.
        precision: of those it called unfaithful, the share that is; ``None`` if it called none so.
        recall: of the unfaithful ones, the share that it found; ``None`` if there are none.
        auc: probability that it gives a faithful answer more than an unfaithful one.
        overlap_auc: the same for the share of the answer's words that the texts hold: what a judge
            has to beat.
    """

    n: int
    unscored: int
    accuracy: Interval | None
    precision: Interval | None
    recall: Interval | None
    auc: float | None
    overlap_auc: float | None


def summarise(rows: Sequence[Labelled], values: Sequence[float | None]) -> Validation:
    """Return how well the numbers tell faithful answers from others."""
    judged = [(row, value) for row, value in zip(rows, values, strict=True) if value is not None]
    faithful = np.array([row.faithful for row, _ in judged], dtype=bool)
    scores = np.array([value for _, value in judged], dtype=float)
    called = scores < THRESHOLD
    overlaps = np.array([overlap(row.claim) for row, _ in judged], dtype=float)
    return Validation(
        n=len(judged),
        unscored=len(rows) - len(judged),
        accuracy=_share(called != faithful),
        precision=_share(~faithful[called]),
        recall=_share(called[~faithful]),
        auc=auc(scores, faithful),
        overlap_auc=auc(overlaps, faithful),
    )


def auc(scores: np.ndarray, faithful: np.ndarray) -> float | None:
    """Return the area under the ROC curve, by ranks (Mann and Whitney 1947); ``None`` for one class."""
    from scipy.stats import rankdata

    positive = int(faithful.sum())
    negative = faithful.size - positive
    if not positive or not negative:
        return None
    ranks = rankdata(scores)[faithful].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))


def overlap(claim: Claim) -> float:
    """Return the share of the answer's words that the texts hold."""
    said = claim.answer.lower().split()
    there = set(" ".join(claim.texts).lower().split())
    return sum(word in there for word in said) / len(said) if said else 0.0


def _share(hits: np.ndarray) -> Interval | None:
    return wilson(int(hits.sum()), hits.size) if hits.size else None

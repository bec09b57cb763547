"""How often a judge of faithfulness is right, on answers that people have labelled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.metrics import Estimate
from app.services.evaluation.judges.base import THRESHOLD, Claim
from app.services.evaluation.statistics.intervals import wilson


@dataclass(frozen=True, slots=True)
class Labelled:
    """A claim, and whether it is faithful to its texts."""

    claim: Claim
    faithful: bool


@dataclass(frozen=True, slots=True)
class Validation:
    """How often a judge was right. Unfaithful answers, which it is there to find, are the positives.

    Attributes:
        n: labelled answers that the judge gave a number for.
        unscored: those that it gave no number for.
        accuracy: share that it put on the right side of ``THRESHOLD``.
        precision: of those it called unfaithful, the share that is; ``None`` if it called none unfaithful.
        recall: of the unfaithful ones, the share that it found; ``None`` if there are none.
        auc: probability that a faithful answer gets a higher number than an unfaithful one.
        overlap_auc: the AUC of a baseline without a judge: the share of the answer's words that the
            texts hold.
    """

    n: int
    unscored: int
    accuracy: Estimate | None
    precision: Estimate | None
    recall: Estimate | None
    auc: float | None
    overlap_auc: float | None


def summarise(rows: Sequence[Labelled], values: Sequence[float | None]) -> Validation:
    """Return how well the judge's values separate faithful answers from unfaithful ones."""
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
    """Return the area under the ROC curve; ``None`` if there is only one class."""
    if faithful.all() or not faithful.any():
        return None
    from sklearn.metrics import roc_auc_score  # here, since it takes a second to import

    return float(roc_auc_score(faithful, scores))


def overlap(claim: Claim) -> float:
    """Return the share of the answer's words that the texts hold."""
    words = claim.answer.lower().split()
    known = set(" ".join(claim.texts).lower().split())
    return sum(word in known for word in words) / len(words) if words else 0.0


def _share(hits: np.ndarray) -> Estimate | None:
    return wilson(int(hits.sum()), hits.size) if hits.size else None

"""How many answers of two sides are the same, which no score tells: two wrong answers may differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain.metrics import Estimate
from app.services.evaluation.statistics.means import share


@dataclass(frozen=True, slots=True)
class AnswerIdentity:
    """Shares of pairs that are alike, with intervals.

    Attributes:
        outputs: pairs whose raw outputs are the same, character by character.
        answers: pairs whose normalised answers are the same; two outputs without an answer are.
    """

    outputs: Estimate
    answers: Estimate


def answer_identity(
    same_outputs: ArrayLike, same_answers: ArrayLike, clusters: NDArray[np.intp] | Sequence[str] | None = None
) -> AnswerIdentity | None:
    """Return the shares of pairs that are alike; ``None`` if there are no pairs.

    Intervals are Wilson's; of pairs that belong together (repeats of a question, questions on one document)
    those of ``means.share``, by clusters.

    Args:
        same_outputs: whether the raw outputs of each pair are the same, shape ``(n,)``.
        same_answers: whether the normalised answers are.
        clusters: a label for each pair; None if all are independent.

    Raises:
        ValueError: if the lengths differ.
    """
    outputs, answers = np.asarray(same_outputs, dtype=bool), np.asarray(same_answers, dtype=bool)
    if outputs.shape != answers.shape or outputs.ndim != 1:
        raise ValueError(f"no pairs of {outputs.size} outputs and {answers.size} answers")
    if not outputs.size:
        return None
    units = None if clusters is None else [str(label) for label in clusters]
    return AnswerIdentity(
        share(outputs.astype(float).tolist(), units), share(answers.astype(float).tolist(), units)
    )

"""How many answers of two experiments are the same, which no score tells: pure functions on arrays."""

import numpy as np

from app.domain.scoring import ScoringRule
from app.services.comparisons.pairing import Pairing, RunArrays
from app.services.evaluation.normalise import normalise
from app.services.evaluation.statistics.identity import AnswerIdentity, answer_identity


def same_answers(
    baseline: RunArrays, other: RunArrays, pairing: Pairing, rule: ScoringRule
) -> AnswerIdentity | None:
    """Return the shares of pairs that both answered whose outputs, and whose answers, are the same.

    ``None`` if there is no such pair, or the answers were not read.

    Args:
        baseline: one experiment.
        other: another one.
        pairing: of both.
        rule: by which answers are normalised before they are compared.
    """
    if not (baseline.outputs and other.outputs):
        return None
    outputs: list[bool] = []
    answers: list[bool] = []
    places: list[int] = []
    for place, (one, two) in enumerate(zip(pairing.first.tolist(), pairing.second.tolist(), strict=True)):
        if baseline.outputs[one] is None or other.outputs[two] is None:
            continue
        same = baseline.outputs[one] == other.outputs[two]
        places.append(place)
        outputs.append(same)
        answers.append(same or _equal(baseline.answers[one], other.answers[two], rule))
    clusters = None if pairing.clusters is None else pairing.clusters[np.array(places, dtype=np.intp)]
    return answer_identity(outputs, answers, clusters)


def _equal(one: str | None, two: str | None, rule: ScoringRule) -> bool:
    if one is None or two is None or one == two:
        return one == two
    return normalise(one, rule) == normalise(two, rule)

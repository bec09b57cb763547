"""All that runs are scored by: name, version and kind, whoever computes it."""

from dataclasses import dataclass
from typing import Literal

from app.services.evaluation.scorers import SCORERS


@dataclass(frozen=True, slots=True)
class Measure:
    """A score by name; results of equal versions may be compared. See ``Scorer``."""

    name: str
    version: int
    kind: Literal["binary", "graded"]


RETRIEVAL = (
    Measure("answer_in_context", 1, "binary"),
    Measure("hit_at_k", 1, "binary"),
    Measure("all_at_k", 1, "binary"),
    Measure("recall_at_k", 1, "graded"),
    Measure("mrr", 1, "graded"),
    Measure("ndcg_at_10", 1, "graded"),
)
FAITHFULNESS = (Measure("faithfulness", 1, "graded"), Measure("faithful", 1, "binary"))

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        *(Measure(scorer.name, scorer.version, scorer.kind) for scorer in SCORERS.values()),
        *RETRIEVAL,
        *FAITHFULNESS,
    )
}

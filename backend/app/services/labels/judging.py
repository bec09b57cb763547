"""Which scores say whether an answer is right, as people do."""

from app.services.evaluation.scorers.reader_model import AGREES
from app.services.evaluation.scorers.registry import SCORERS
from app.services.evaluation.scorers.retrieval import GROUP as RETRIEVAL


def says_right(name: str) -> bool:
    """Return whether a score is about the answer, rather than about passages or the reading of the output."""
    return name != AGREES and SCORERS.describe(name).group != RETRIEVAL

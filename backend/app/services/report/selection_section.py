"""What a report says of questions that were selected by a filter of earlier answers."""

from collections.abc import Sequence

from app.core.markdown import plain
from app.models import Dataset
from app.schemas.catalog import DatasetOriginOut

_CAUTION = (
    "Scores on selected questions are not scores on the dataset that they are from. Questions that were "
    "selected because of their answers look different the next time by chance alone (regression to the "
    "mean): confirm what is found here on questions that were not selected."
)


def selection_markdown(datasets: Sequence[Dataset]) -> str:
    """Return from where the questions of datasets were selected; empty if none were.

    Args:
        datasets: that the compared experiments ask, each once.
    """
    found = [
        _sentence(one, DatasetOriginOut.model_validate(one.origin))
        for one in datasets
        if one.origin is not None
    ]
    return "\n".join([*found, "", _CAUTION]) if found else ""


def _sentence(dataset: Dataset, origin: DatasetOriginOut) -> str:
    seen = ", ".join(f"{plain(one.name)} ({str(one.id)[:8]})" for one in origin.experiments)
    return (
        f"- {plain(dataset.name)} ({dataset.version[:8]}), {dataset.size:,} questions: selected from "
        f"{plain(origin.dataset)} ({plain(origin.version[:8])}) by the answers of {seen}: "
        f"{plain(origin.sentence)}."
    )
